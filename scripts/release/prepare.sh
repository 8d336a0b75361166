#!/bin/sh
# What goes beside the program, made by the program: manual pages, completions, notices.
set -eu
rm -rf bin/release
mkdir -p bin/release/completions bin/release/man
bin/ortho docs --man bin/release/man
gzip -9n bin/release/man/*
for shell in bash zsh fish powershell; do
	bin/ortho completion "$shell" > "bin/release/completions/ortho.$shell"
done
mv bin/release/completions/ortho.powershell bin/release/completions/ortho.ps1
bin/ortho licenses --all > bin/release/NOTICES.txt
gzip -9nc CHANGELOG.md > bin/release/changelog.gz
