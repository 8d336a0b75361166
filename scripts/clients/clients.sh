#!/bin/sh
# Makes virtual environments of clients and of the real Triton in FOLDER, where they are missing, and has them ask ortho:
#
#     sh clients.sh ORTHO FOLDER
#
# What can't be installed is told, and skipped; what fails, fails.
set -u
ortho=$1 folder=$2
here=$(dirname "$0")
root=$here/../..
status=0
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)

environment() { # NAME PACKAGES...: is true where it is there, complete
  name=$1; shift
  [ -e "$folder/$name/complete" ] && return 0
  echo "Installing $* into $folder/$name ..."
  ${PYTHON:-python3} -m venv "$folder/$name" && "$folder/$name/bin/pip" install -q "$@" && touch "$folder/$name/complete" && return 0
  echo "SKIPPED: $name can't be installed here"
  return 1
}

if environment triton nvidia-pytriton 'tritonclient[http,grpc]' onnxruntime onnx; then
  "$folder/triton/bin/python" "$here/conformance.py" "$ortho" "$root/models/bundled/efficientnet-lite0/model.onnx" || status=1
fi
if environment clients 'tritonclient[http,grpc]' kserve huggingface_hub openai numpy pillow; then
  (cd "$root" && PATH=$folder/clients/bin:$PATH ${GO:-go} test -count=1 -v -run '^TestServeClients$' ./cmd/ortho) || status=1
fi
echo "SKIPPED: perf_analyzer, whose wheel needs a newer glibc than many systems have: docs/serve.md says the same"
exit $status
