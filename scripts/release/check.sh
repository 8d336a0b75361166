#!/bin/sh
# Installs and runs what make release made, each in a root of its own that has nothing else: check.sh DIST
#
# Needs root, and debootstrap, crane, qemu-user, wine64: what lacks one of them is passed over, aloud. What was passed
# over or failed is told at the end.
set -u
dist=$(cd "$1" && pwd)
here=$(cd "$(dirname "$0")/../.." && pwd)
photo=$here/docs/photos/coffee.jpg
work=$(mktemp -d)
trap 'umount "$work"/*/proc 2> /dev/null; rm -rf "$work"' EXIT
failed= skipped=

# tried NAME COMMAND... holds that a command prints "espresso", or the word in $want.
tried() {
	name=$1
	shift
	if "$@" > "$work/out" 2>&1 && grep -q "${want:-espresso}" "$work/out"; then
		echo "ok      $name"
	else
		echo "failed  $name"
		sed 's/^/        /' "$work/out" | tail -20
		failed="$failed $name"
	fi
}

# needs NAME PROGRAM... reports whether programs are there.
needs() {
	name=$1
	shift
	for program; do
		command -v "$program" > /dev/null && continue
		echo "skipped $name: needs $program"
		skipped="$skipped $name"
		return 1
	done
}

# rooted ROOT DATA COMMAND... runs in a root, as nobody, with ONNX Runtime in DATA.
rooted() {
	root=$1 data_there=$2
	shift 2
	mkdir -p "$root/proc"
	mountpoint -q "$root/proc" || mount -t proc proc "$root/proc"
	env -i PATH="$PATH" HOME=/tmp ORTHO_DATA_DIR="$data_there" chroot --userspec=65532:65532 "$root" "$@"
}

(cd "$dist" && sha256sum --quiet -c SHA256SUMS) && echo "ok      SHA256SUMS" || failed="$failed SHA256SUMS"

# The library that the archives and packages look for where the user has installed it.
data=$work/data
archive=$(ls "$dist"/ortho-*-linux-amd64.tar.gz)
mkdir "$work/archive" && tar -xzf "$archive" -C "$work/archive" --strip-components 1
ORTHO_DATA_DIR=$data "$work/archive/ortho" runtime install > "$work/out" 2>&1 || { cat "$work/out"; exit 1; }

# An empty root: the archive's program, the loader's libraries, nothing else.
root=$work/empty
mkdir -p "$root/tmp" && chmod 1777 "$root/tmp"
for library in $(ldd "$work/archive/ortho" $(find "$data" -name '*.so*' -type f) 2> /dev/null | sed -n 's/.*=> \(\/[^ ]*\).*/\1/p' | grep -v "^$data" | sort -u) /lib64/ld-linux-x86-64.so.2; do
	mkdir -p "$root$(dirname "$library")" && cp -L "$library" "$root$library"
done
cp "$work/archive/ortho" "$photo" "$root/" && cp -r "$data" "$root/data"
tried "archive, linux-amd64, in an empty root" rooted "$root" /data /ortho classify -k 1 /coffee.jpg

if needs deb debootstrap; then
	root=$work/debian
	if debootstrap --variant=minbase --include=libstdc++6,ca-certificates stable "$root" > "$work/debootstrap" 2>&1; then
		cp "$dist"/ortho-*-linux-amd64.deb "$root/ortho.deb" && cp "$photo" "$root/" && cp -r "$data" "$root/data"
		want=Status tried "deb, installed in Debian" chroot "$root" sh -c 'dpkg -i /ortho.deb && dpkg -s ortho'
		tried "deb, as a user" rooted "$root" /data /usr/bin/ortho classify -k 1 /coffee.jpg
		want=ortho-classify tried "deb, manual and completions" chroot "$root" sh -c 'ls /usr/share/man/man1/ortho-classify.1.gz /usr/share/bash-completion/completions/ortho'
	else
		tail -5 "$work/debootstrap"
		failed="$failed deb"
	fi
fi

needs rpm rpm && want=/usr/bin/ortho tried "rpm, its files" rpm -qpl "$dist"/ortho-*-linux-amd64.rpm

if needs arm64 qemu-aarch64; then
	mkdir "$work/arm64" && tar -xzf "$dist"/ortho-*-linux-arm64.tar.gz -C "$work/arm64" --strip-components 1
	# qemu has no ONNX Runtime to load: what runs without one.
	want=linux/arm64 tried "archive, linux-arm64, version" qemu-aarch64 -L /usr/aarch64-linux-gnu "$work/arm64/ortho" version
	want=efficientnet-lite0 tried "archive, linux-arm64, models" qemu-aarch64 -L /usr/aarch64-linux-gnu "$work/arm64/ortho" models list
fi

wine=$(command -v wine64 || command -v wine || ls /usr/lib/wine/wine64 2> /dev/null)
if needs "windows archive" "${wine:-wine64}"; then
	mkdir "$work/windows" && (cd "$work/windows" && unzip -q "$dist"/ortho-*-windows-amd64.zip)
	export WINEDEBUG=-all WINEPREFIX=$work/wine
	"$wine" "$work"/windows/*/ortho.exe version > /dev/null 2>&1 # which makes the folder of Wine
	system=$WINEPREFIX/drive_c/windows/system32
	if [ ! -e "$system/bcryptprimitives.dll" ] && needs "Wine's random numbers" x86_64-w64-mingw32-gcc; then
		# Wine 8 lacks the library that Go has its random numbers of.
		printf '#include <windows.h>\n#include <ntsecapi.h>\n__declspec(dllexport) BOOL ProcessPrng(PBYTE p, SIZE_T n) { return RtlGenRandom(p, n); }\n' > "$work/random.c"
		x86_64-w64-mingw32-gcc -shared -o "$system/bcryptprimitives.dll" "$work/random.c" -ladvapi32
	fi
	want=windows/amd64 tried "archive, windows-amd64, version, under Wine" "$wine" "$work"/windows/*/ortho.exe version
	want=efficientnet-lite0 tried "archive, windows-amd64, models, under Wine" "$wine" "$work"/windows/*/ortho.exe models list
fi

for image in "$dist"/ortho-container-*.tar; do
	[ -e "$image" ] || { echo "skipped containers: none in $dist"; skipped="$skipped containers"; break; }
	needs "$(basename "$image")" crane || continue
	root=$work/container
	rm -rf "$root" && mkdir "$root" && crane export - - < "$image" | tar -xf - -C "$root"
	cp "$photo" "$root/work/"
	tried "$(basename "$image"), as 65532" rooted "$root" /opt/ortho /usr/bin/ortho classify -k 1 /work/coffee.jpg
	umount "$root/proc"
	[ -e "$root/bin/sh" ] && failed="$failed shell-in-$(basename "$image")"
done

[ -z "$skipped" ] || echo "passed over:$skipped"
[ -z "$failed" ] || { echo "failed:$failed"; exit 1; }
