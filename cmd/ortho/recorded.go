package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/build"
	"ortho/cmd/ortho/internal/record"
	"ortho/cmd/ortho/internal/remedy"
	"ortho/cmd/ortho/internal/source"
	"ortho/models"
	"ortho/models/classify"
	"ortho/runner"
)

// survey tells of a run's inputs before it, if it can; see [source.Survey].
type survey func(stop func() bool) (source.Inventory, bool)

func surveyOf(c *cli.Context, from source.Options) survey {
	return func(stop func() bool) (source.Inventory, bool) { return source.Survey(c.Args().Slice(), from, stop) }
}

// begin starts or continues the run where rows go to a file, if it is the one that now
// describes. count tells the number of the inputs, for those who want to know.
func (r *results) begin(ctx context.Context, inputs survey, items iter.Seq[source.Item], now func() (record.Record, error)) (count func(stop func() bool) (int64, bool), err error) {
	if r.run == nil {
		return func(stop func() bool) (int64, bool) {
			all, known := inputs(stop)
			return all.Items, known
		}, nil
	}
	described, err := now()
	if err != nil {
		return nil, err
	}
	all, known := inputs(func() bool { return ctx.Err() != nil })
	if known {
		described.Inputs = &record.Inputs{Count: all.Items, SHA256: all.Digest}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := r.run.Begin(ctx, described); err != nil {
		return nil, err
	}
	if r.run.Complete() && !known {
		_, err = runner.Await(ctx, func(context.Context) (none struct{}, err error) { return none, r.run.Verify(items) })
	}
	return func(func() bool) (int64, bool) { return all.Items, known }, err
}

// recorded describes a run: all that its rows follow from, settings among it. A run that
// differs in any of it can't continue another.
func recorded(settings record.Settings, model *models.Model, session *runner.Session, labels []models.Label) (record.Record, error) {
	named := record.Model{Name: model.Name}
	var err error
	if named.SHA256, err = modelDigest(model); err != nil {
		return record.Record{}, err
	}
	for _, name := range model.Graph.ExternalData {
		digest, err := fileDigest(filepath.Join(filepath.Dir(model.Path), filepath.FromSlash(name)))
		if err != nil {
			return record.Record{}, err
		}
		named.ExternalData = append(named.ExternalData, record.Setting{Key: name, Value: digest})
	}
	r := recordedAs(settings, named, model.Facts, session)
	r.Preprocessing = append(r.Preprocessing, record.Setting{Key: "labels' SHA-256", Value: labelsDigest(labels)})
	return r, nil
}

// recordedAs is recorded for what is no model of one graph.
func recordedAs(settings record.Settings, model record.Model, facts []models.Fact, session *runner.Session) record.Record {
	r := record.Record{Ortho: build.Version(), ONNXRuntime: session.Library.Version, Model: model, Settings: settings}
	for _, f := range remedy.Facts(facts) {
		r.Preprocessing = append(r.Preprocessing, record.Setting{Key: f.Key, Value: f.Value})
	}
	return r
}

// rowSettings are the options that change rows.
func rowSettings(c *cli.Context, format string, shard source.Shard, opt classify.Options) record.Settings {
	return append(answerSettings(c, format, shard, opt), runSettings(c, opt.Runner)...)
}

// answerSettings are the options of answerFlags that change rows.
func answerSettings(c *cli.Context, format string, shard source.Shard, opt classify.Options) record.Settings {
	return record.Settings{
		{Key: "format", Value: format},
		{Key: "top", Value: strconv.Itoa(opt.Top)},
		{Key: "min-probability", Value: strconv.FormatFloat(opt.MinProbability, 'g', -1, 64)},
		{Key: "logits", Value: strconv.FormatBool(opt.Logits)},
		{Key: "shard", Value: shard.String()},
		{Key: "output-name", Value: c.String("output-name")},
	}
}

// runSettings are the options of runFlags and imageFlags that change what a model answers.
func runSettings(c *cli.Context, opt runner.Options) record.Settings {
	return append(imageSettings(c.Int64("max-pixels"), c.String("decode")), providerSettings(opt)...)
}

// imageSettings are the options of imageFlags that change what a model answers; decode is ""
// where images are decoded whole.
func imageSettings(maxPixels int64, decode string) record.Settings {
	return record.Settings{
		{Key: "max-pixels", Value: strconv.FormatInt(maxPixels, 10)},
		{Key: "decode", Value: decode},
		{Key: "JPEG decoder", Value: jpegDecoder().Name},
	}
}

// providerSettings are the options of sessionFlags that change what a model answers.
func providerSettings(opt runner.Options) record.Settings {
	var providers, providerOptions []string
	for _, p := range opt.Providers {
		providers = append(providers, p.Name)
		for _, key := range slices.Sorted(maps.Keys(p.Options)) {
			providerOptions = append(providerOptions, p.Name+"."+key+"="+p.Options[key])
		}
	}
	return record.Settings{
		{Key: "provider", Value: strings.Join(providers, ",")},
		{Key: "provider-option", Value: strings.Join(providerOptions, " ")},
	}
}

func labelsDigest(labels []models.Label) string {
	if len(labels) == 0 {
		return ""
	}
	h := sha256.New()
	for _, l := range labels {
		fmt.Fprintf(h, "%s\x00%s\x00", l.Name, l.ID)
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}

func fileDigest(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("digest: %w", err)
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("digest: %w", err)
	}
	return fmt.Sprintf("%x", h.Sum(nil)), nil
}
