package library

import (
	"debug/elf"
	"debug/macho"
	"debug/pe"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"

	"ortho/runner/regular"
)

// header is what a shared library states about itself.
type header struct {
	format string   // "ELF", "Mach-O", "PE"
	arches []string // GOARCH names, or the format's own where there is none
	end    int64    // the file must be this long: the loader would map past its end
}

// checkHeader refuses a file that this process can't load.
func checkHeader(path string) error {
	f, err := regular.Open(path)
	if errors.Is(err, regular.ErrKind) {
		return fmt.Errorf("%w: %w", ErrNotLibrary, err)
	}
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	h, err := readHeader(f)
	if err != nil {
		return fmt.Errorf("%s: %w: %v", path, ErrNotLibrary, err)
	}
	if err := h.check(info.Size(), runtime.GOOS, runtime.GOARCH); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

func (h header) check(size int64, goos, goarch string) error {
	want := "ELF"
	switch goos {
	case "darwin":
		want = "Mach-O"
	case "windows":
		want = "PE"
	}
	if h.format != want {
		return fmt.Errorf("%w for %s: a %s file, not %s", ErrNotLibrary, goos, h.format, want)
	}
	if h.end > size {
		return fmt.Errorf("%w: truncated, %d of %d bytes are there", ErrNotLibrary, size, h.end)
	}
	if !slices.Contains(h.arches, goarch) {
		return fmt.Errorf("%w: the file is %s, this is %s", ErrArchitecture, strings.Join(h.arches, " and "), goarch)
	}
	return nil
}

func readHeader(r io.ReaderAt) (header, error) {
	var magic [8]byte
	if _, err := r.ReadAt(magic[:], 0); err != nil {
		return header{}, fmt.Errorf("too short: %w", err)
	}
	switch {
	case string(magic[:4]) == elf.ELFMAG:
		return readELF(r)
	case string(magic[:2]) == "MZ":
		return readPE(r)
	}
	switch binary.BigEndian.Uint32(magic[:]) {
	case macho.MagicFat:
		return readFat(r)
	case macho.Magic32, macho.Magic64, 0xcefaedfe, 0xcffaedfe:
		return readMachO(r)
	}
	return header{}, fmt.Errorf("it begins with %q", magic[:4])
}

func readELF(r io.ReaderAt) (header, error) {
	f, err := elf.NewFile(r)
	if err != nil {
		return header{}, err
	}
	if f.Type != elf.ET_DYN {
		return header{}, fmt.Errorf("an ELF file of type %v", f.Type)
	}
	h := header{format: "ELF", arches: []string{f.Machine.String()}}
	known := map[elf.Machine]string{elf.EM_X86_64: "amd64", elf.EM_AARCH64: "arm64", elf.EM_386: "386", elf.EM_ARM: "arm",
		elf.EM_RISCV: "riscv64", elf.EM_S390: "s390x", elf.EM_LOONGARCH: "loong64"}
	if name, ok := known[f.Machine]; ok {
		h.arches[0] = name
	} else if f.Machine == elf.EM_PPC64 {
		h.arches[0] = "ppc64"
		if f.Data == elf.ELFDATA2LSB {
			h.arches[0] = "ppc64le"
		}
	}
	for _, p := range f.Progs {
		if p.Type == elf.PT_LOAD {
			if err := h.extend(p.Off, p.Filesz); err != nil {
				return header{}, err
			}
		}
	}
	return h, nil
}

func readMachO(r io.ReaderAt) (header, error) {
	f, err := macho.NewFile(r)
	if err != nil {
		return header{}, err
	}
	h := header{format: "Mach-O"}
	return h, h.addMachO(f, 0)
}

func readFat(r io.ReaderAt) (header, error) {
	f, err := macho.NewFatFile(r)
	if err != nil {
		return header{}, err
	}
	h := header{format: "Mach-O"}
	for _, a := range f.Arches {
		if err := h.addMachO(a.File, uint64(a.Offset)); err != nil {
			return header{}, err
		}
	}
	return h, nil
}

func (h *header) addMachO(f *macho.File, offset uint64) error {
	if f.Type != macho.TypeDylib {
		return fmt.Errorf("a Mach-O file of type %v", f.Type)
	}
	name, ok := map[macho.Cpu]string{macho.CpuAmd64: "amd64", macho.CpuArm64: "arm64", macho.Cpu386: "386", macho.CpuArm: "arm"}[f.Cpu]
	if !ok {
		name = f.Cpu.String()
	}
	h.arches = append(h.arches, name)
	for _, load := range f.Loads {
		if s, ok := load.(*macho.Segment); ok {
			if s.Offset > 1<<62 {
				return fmt.Errorf("a segment at %d", s.Offset)
			}
			if err := h.extend(offset+s.Offset, s.Filesz); err != nil {
				return err
			}
		}
	}
	return nil
}

func readPE(r io.ReaderAt) (header, error) {
	f, err := pe.NewFile(r)
	if err != nil {
		return header{}, err
	}
	if f.Characteristics&pe.IMAGE_FILE_DLL == 0 {
		return header{}, fmt.Errorf("a Windows program, not a DLL")
	}
	name, ok := map[uint16]string{pe.IMAGE_FILE_MACHINE_AMD64: "amd64", pe.IMAGE_FILE_MACHINE_ARM64: "arm64",
		pe.IMAGE_FILE_MACHINE_I386: "386", pe.IMAGE_FILE_MACHINE_ARMNT: "arm"}[f.Machine]
	if !ok {
		name = fmt.Sprintf("machine 0x%x", f.Machine)
	}
	h := header{format: "PE", arches: []string{name}}
	for _, s := range f.Sections {
		if err := h.extend(uint64(s.Offset), uint64(s.Size)); err != nil {
			return header{}, err
		}
	}
	return h, nil
}

func (h *header) extend(offset, size uint64) error {
	if offset > 1<<62 || size > 1<<62 {
		return fmt.Errorf("a segment of %d bytes at %d", size, offset)
	}
	h.end = max(h.end, int64(offset+size))
	return nil
}
