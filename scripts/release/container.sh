#!/bin/sh
# Makes a container image of ortho, ONNX Runtime, the libraries that read images, the C library and
# the certificates' file: no shell, user 65532.
#
#     container.sh FLAVOR ORTHO IMAGE      cpu, openvino or cuda; the program; a file, as image.tar
#
# Needs crane (Go: github.com/google/go-containerregistry/cmd/crane). The same inputs make the same layer, byte for
# byte.
set -eu
flavor=$1 ortho=$2 image=$3
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
root=$stage/root
mkdir -p "$root/usr/bin" "$root/etc/ssl/certs" "$root/opt/ortho" "$root/work" "$root/tmp" "$root/home/ortho"
cp "$ortho" "$root/usr/bin/ortho"
if [ "$flavor" = cpu ]; then
	ORTHO_DATA_DIR=$root/opt/ortho "$ortho" runtime install
else
	ORTHO_DATA_DIR=$root/opt/ortho "$ortho" runtime install --flavor "$flavor"
fi
# The loader, and whatever the program and the libraries ask of the system.
loaded() {
	for f in "$ortho" $(find "$root/opt/ortho" -name '*.so*' -type f); do
		ldd "$f" 2> /dev/null | sed -n 's/.*=> \(\/[^ ]*\).*/\1/p; s/^[[:space:]]*\(\/[^ ]*\) (.*/\1/p'
	done | grep -v "^$root/" | sort -u
	echo /lib64/ld-linux-x86-64.so.2
}
for library in $(loaded); do
	mkdir -p "$root$(dirname "$library")"
	cp -L "$library" "$root$library"
done
cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
echo 'ortho:x:65532:65532:ortho:/home/ortho:/none' > "$root/etc/passwd"
echo 'ortho:x:65532:' > "$root/etc/group"
chmod 1777 "$root/tmp"
find "$root" -name '*.lock' -delete
made=$(date -u -d "@${SOURCE_DATE_EPOCH:-0}" +%Y-%m-%dT%H:%M:%SZ)
find "$root/opt/ortho" -name install.json -exec sed -i "s/\"time\": \".*\"/\"time\": \"$made\"/" {} +
tar -C "$root" --sort=name --mtime="@${SOURCE_DATE_EPOCH:-0}" --owner=0 --group=0 --numeric-owner -cf "$stage/layer.tar" .
# crane changes an image's settings in a registry alone: one on loopback, for as long as this takes.
port=${ORTHO_REGISTRY_PORT:-5817} name=ortho:$flavor
crane registry serve --address "127.0.0.1:$port" > /dev/null 2>&1 &
registry=$!
trap 'kill $registry; rm -rf "$stage"' EXIT
until crane catalog "127.0.0.1:$port" > /dev/null 2>&1; do sleep 0.1; done
crane append --oci-empty-base --platform linux/amd64 --new_layer "$stage/layer.tar" --new_tag "127.0.0.1:$port/$name" > /dev/null
crane mutate "127.0.0.1:$port/$name" --tag "127.0.0.1:$port/$name" --user 65532:65532 --workdir /work --entrypoint /usr/bin/ortho \
	--env ORTHO_DATA_DIR=/opt/ortho --env HOME=/home/ortho --env SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt \
	--label org.opencontainers.image.title=ortho --label org.opencontainers.image.licenses=Apache-2.0 > /dev/null
crane pull "127.0.0.1:$port/$name" "$image"
