package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/rows"
	"ortho/cmd/ortho/internal/schema"
)

// rowTypes are the rows of each verb that makes some.
var rowTypes = map[string]func() schema.Type{
	"classify":      schema.Of[rows.Classes],
	"classify-text": schema.Of[rows.Texts],
	"embed":         schema.Of[rows.Embeddings],
	"tag":           schema.Of[rows.Tags],
	"detect":        schema.Of[rows.Detections],
	"segment":       schema.Of[rows.Segments],
	"depth":         schema.Of[rows.Depth],
	"cutout":        schema.Of[rows.Pictures],
	"generate":      schema.Of[rows.Pictures],
	"describe":      schema.Of[rows.Descriptions],
	"search":        schema.Of[rows.Matches],
	"dupes":         schema.Of[rows.Duplicates],
}

// schemaOptions is what the flags of schema say.
type schemaOptions struct{ spark, arrow, ddl, json bool }

func newSchemaCommand() *cli.Command {
	o := &schemaOptions{}
	const out = "Output"
	own := flags.Own{
		&cli.BoolFlag{Name: "spark", Destination: &o.spark, Category: out, Usage: "Spark's DDL, for from_json and mapInArrow"},
		&cli.BoolFlag{Name: "arrow", Destination: &o.arrow, Category: out, Usage: "a schema of pyarrow, in Python"},
		&cli.BoolFlag{Name: "ddl", Destination: &o.ddl, Category: out, Usage: "CREATE TABLE, as DuckDB has it"},
		&cli.BoolFlag{Name: "json", Destination: &o.json, Category: out, Usage: "JSON Schema (this is the default)"},
	}
	return flags.Command(cli.Command{
		Name:        "schema",
		Usage:       "print the type of a command's rows, for Spark, Arrow, SQL or JSON",
		ArgsUsage:   "COMMAND",
		Description: help("schema"),
	}, o.run, own)
}

func (o *schemaOptions) run(_ context.Context, call *flags.Call) error {
	asked := 0
	for _, one := range []bool{o.spark, o.arrow, o.ddl, o.json} {
		if one {
			asked++
		}
	}
	verbs := slices.Sorted(maps.Keys(rowTypes))
	switch {
	case len(call.Args) != 1:
		return commandline.Usagef("name one command that makes rows: %s", strings.Join(verbs, ", "))
	case asked > 1:
		return commandline.Usagef("give one of --spark, --arrow, --ddl and --json")
	case rowTypes[call.Args[0]] == nil:
		return commandline.Usagef("%q makes no rows%s: there are %s", call.Args[0], commandline.DidYouMean(call.Args[0], verbs), strings.Join(verbs, ", "))
	}
	t := rowTypes[call.Args[0]]()
	text, err := "", error(nil)
	switch {
	case o.spark:
		text = t.Spark()
	case o.arrow:
		text = t.Arrow()
	case o.ddl:
		text = t.DDL(strings.ReplaceAll(call.Args[0], "-", "_"))
	default:
		text, err = t.JSON()
	}
	_, printed := io.WriteString(call.Out, text+"\n")
	if printed != nil {
		printed = fmt.Errorf("write results: %w", printed)
	}
	return errors.Join(err, printed)
}
