#!/bin/sh
# The bill of materials of a binary, of the time SOURCE_DATE_EPOCH: bill.sh BINARY SYSTEM
set -eu
bin/ortho licenses --spdx --binary "$1" > "bin/release/ortho-$2.spdx.json"
