package main

import (
	"context"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/build"
	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/grid"
	"ortho/cmd/ortho/internal/notices"
	"ortho/cmd/ortho/internal/pages"
	"ortho/runner/regular"
)

// licensesOptions is what the flags of licenses say.
type licensesOptions struct {
	all, json, spdx bool
	binary          string
}

func newLicensesCommand() *cli.Command {
	o := &licensesOptions{}
	own := flags.Own{
		&cli.BoolFlag{Name: "all", Usage: "print all texts", Destination: &o.all},
		&cli.BoolFlag{Name: "json", Usage: "print JSON, with the texts", Destination: &o.json},
		&cli.BoolFlag{Name: "spdx", Usage: "print a software bill of materials: SPDX 2.3, as JSON", Destination: &o.spdx},
		&cli.StringFlag{Name: "binary", Usage: "with --spdx: that of another `FILE` of the same sources, such as one for another system", Destination: &o.binary},
	}
	return flags.Command(cli.Command{
		Name:        "licenses",
		Usage:       "print the licences of all that is in the binary, and of what it loads",
		ArgsUsage:   "[NAME...]",
		Description: help("licenses"),
	}, o.run, own)
}

func (o *licensesOptions) run(_ context.Context, call *flags.Call) error {
	if n := count(o.all, o.json, o.spdx, len(call.Args) > 0); n > 1 {
		return commandline.Usagef("names, --all, --json and --spdx exclude each other")
	}
	if call.Given("binary") && !o.spdx {
		return commandline.Usagef("--binary goes with --spdx")
	}
	if o.spdx {
		return printBill(call.Out, o.binary)
	}
	all, err := notices.All()
	if err != nil {
		return err
	}
	all[0].Version = build.Version()
	switch {
	case o.json:
		return printLicenses(call.Out, all)
	case o.all:
		return notices.Write(call.Out, all)
	case len(call.Args) > 0:
		chosen, err := named(all, call.Args)
		if err != nil {
			return err
		}
		return notices.Write(call.Out, chosen)
	}
	return licenseTable(all).Print(call.Out)
}

func count(all ...bool) (n int) {
	for _, b := range all {
		if b {
			n++
		}
	}
	return n
}

// licenseTable has a row for each part.
func licenseTable(all []notices.Part) *grid.Table {
	t := grid.New(grid.Text("what"), grid.Text("name"), grid.Text("version"), grid.Text("licence"))
	for i, p := range all {
		if i > 0 && p.Kind != all[i-1].Kind {
			t.Separate()
		}
		t.Row(string(p.Kind), p.Name, p.Version, p.Licence)
	}
	return t
}

// isMajor reports whether the end of a module's path is its major version.
func isMajor(element string) bool {
	number, ok := strings.CutPrefix(element, "v")
	_, err := strconv.Atoi(number)
	return ok && err == nil
}

// answers reports whether a part is called so: by its whole name, or the end of it.
func answers(p notices.Part, name string) bool {
	whole := strings.Split(strings.ToLower(p.Name), "/")
	if n := len(whole); isMajor(whole[n-1]) && !isMajor(name[strings.LastIndex(name, "/")+1:]) {
		whole = whole[:n-1]
	}
	end := strings.Split(strings.ToLower(name), "/")
	return len(end) <= len(whole) && slices.Equal(whole[len(whole)-len(end):], end)
}

// named are the parts of these names, which must have texts.
func named(all []notices.Part, names []string) (chosen []notices.Part, err error) {
	for _, name := range names {
		n := len(chosen)
		for _, p := range all {
			if !answers(p, name) {
				continue
			}
			if len(p.Texts) == 0 {
				return nil, fmt.Errorf("%s is no part of the binary: its licence (%s) is not here; %s", p.Name, p.Licence, p.Note)
			}
			chosen = append(chosen, p)
		}
		if len(chosen) == n {
			return nil, fmt.Errorf("nothing in the binary is called %q: see `ortho licenses`", name)
		}
	}
	return chosen, nil
}

// printLicenses writes the parts and their texts; its JSON is an output format.
func printLicenses(w io.Writer, all []notices.Part) error {
	texts := map[string]string{}
	for _, p := range all {
		for _, name := range p.Texts {
			text, err := notices.Text(name)
			if err != nil {
				return fmt.Errorf("read the licence of %s: %w", p.Name, err)
			}
			texts[name] = text
		}
	}
	return pages.WriteJSON(w, map[string]any{"parts": all, "texts": texts})
}

// printBill writes the bill of materials of a binary; "" is the one that runs.
func printBill(w io.Writer, name string) error {
	at, err := creationTime()
	if err != nil {
		return err
	}
	if name == "" {
		if name, err = os.Executable(); err != nil {
			return fmt.Errorf("find the binary: %w", err)
		}
	}
	f, err := regular.Open(name)
	if err != nil {
		return fmt.Errorf("read the binary: %w", err)
	}
	defer f.Close()
	info, err := buildinfo.Read(f)
	if err != nil {
		return fmt.Errorf("%s tells nothing of how it was built: %w", name, err)
	}
	all, err := notices.Of(info)
	if err != nil {
		return err
	}
	digest := sha256.New()
	if _, err := io.Copy(digest, io.NewSectionReader(f, 0, 1<<40)); err != nil {
		return fmt.Errorf("read the binary: %w", err)
	}
	setting := func(key string) string {
		i := slices.IndexFunc(info.Settings, func(s debug.BuildSetting) bool { return s.Key == key })
		if i < 0 {
			return "unknown"
		}
		return info.Settings[i].Value
	}
	all[0].Version = build.Version()
	bill, err := notices.SPDX(all, notices.Binary{Version: build.Version(), System: setting("GOOS") + "-" + setting("GOARCH"), SHA256: hex.EncodeToString(digest.Sum(nil)), At: at})
	if err != nil {
		return err
	}
	return pages.WriteJSON(w, bill)
}

// creationTime is now, or what SOURCE_DATE_EPOCH says, by which builds are repeated to the bit.
func creationTime() (time.Time, error) {
	const name = "SOURCE_DATE_EPOCH"
	text := os.Getenv(name)
	if text == "" {
		return time.Now(), nil
	}
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil || seconds < 0 || seconds > 1<<36 {
		return time.Time{}, errors.New(name + " is " + strconv.Quote(text) + ": seconds since 1970 are wanted")
	}
	return time.Unix(seconds, 0), nil
}
