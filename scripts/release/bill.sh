#!/bin/sh
# The bill of materials of a binary: bill.sh BINARY SYSTEM SECONDS
set -eu
SOURCE_DATE_EPOCH=$3 bin/ortho licenses --spdx --binary "$1" > "bin/release/ortho-$2.spdx.json"
