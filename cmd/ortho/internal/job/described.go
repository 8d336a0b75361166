package job

import (
	"context"

	"ortho/cmd/ortho/internal/build"
	"ortho/cmd/ortho/internal/record"
	"ortho/cmd/ortho/internal/remedy"
	"ortho/models"
	"ortho/runner"
)

// Described is the record of a run of a model: all that its rows follow from, settings among
// it. A run that differs in any of it can't continue another.
func Described(ctx context.Context, settings record.Settings, m *models.Model, s *runner.Session, labels []models.Label) (record.Record, error) {
	id, err := m.Identity(ctx)
	if err != nil {
		return record.Record{}, err
	}
	r := DescribedAs(settings, id, m.Facts, s)
	r.Preprocessing = append(r.Preprocessing, record.Setting{Key: "labels' SHA-256", Value: models.DigestOfLabels(labels)})
	return r, nil
}

// DescribedAs is Described for what is no model of one graph.
func DescribedAs(settings record.Settings, id models.Identity, facts []models.Fact, s *runner.Session) record.Record {
	r := record.Record{Ortho: build.Version(), ONNXRuntime: s.Library.Version, Model: record.Model{Name: id.Name, SHA256: id.SHA256}, Settings: settings}
	for _, w := range id.Weights {
		r.Model.ExternalData = append(r.Model.ExternalData, record.Setting{Key: w.Name, Value: w.SHA256})
	}
	for _, f := range remedy.Facts(facts) {
		r.Preprocessing = append(r.Preprocessing, record.Setting{Key: f.Key, Value: f.Value})
	}
	return r
}

// How is what a session runs on, with the items of one run and the runs in flight.
func How(s *runner.Session, batch, concurrency int) record.Speed {
	how := record.Speed{Provider: s.Provider, Threads: s.Threads, Batch: batch, Concurrency: concurrency,
		Placement: record.Placement{Nodes: s.Nodes, MaySaturate: s.Saturates}}
	for _, skipped := range s.Skipped {
		how.Skipped = append(how.Skipped, remedy.Text(skipped))
	}
	return how
}
