package serve

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"ortho/cmd/ortho/internal/serve/catalog"
)

// metrics count what is asked and answered. Labels are of few values: models' names are the
// server's own, and routes those of its tables.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	flight   prometheus.Gauge
	rows     *prometheus.HistogramVec
}

func newMetrics(c *catalog.Catalog, held func() int64) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "ortho_requests_total", Help: "Requests that were answered, by route, model and status; gRPC's statuses by name."}, []string{"route", "model", "status"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "ortho_request_seconds", Help: "Time from a request's head to the end of its answer.",
			Buckets: []float64{.002, .005, .01, .02, .05, .1, .2, .5, 1, 2, 5, 10, 30, 60, 300}}, []string{"route", "model"}),
		flight: prometheus.NewGauge(prometheus.GaugeOpts{Name: "ortho_requests_in_flight", Help: "Requests that are under way."}),
		rows: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "ortho_run_rows", Help: "Rows of the runs with tensors, which calls share.",
			Buckets: []float64{1, 2, 4, 8, 16, 32, 64, 128}}, []string{"model"}),
	}
	m.registry.MustRegister(m.requests, m.seconds, m.flight, m.rows, &states{c},
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "ortho_body_bytes", Help: "Memory of the bodies of requests that are under way."}, func() float64 { return float64(held()) }),
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// observe counts a request that has ended.
func (m *metrics) observe(route, model, status string, since time.Time) {
	m.requests.WithLabelValues(route, model, status).Inc()
	m.seconds.WithLabelValues(route, model).Observe(time.Since(since).Seconds())
}

// states tells of each model whether it is ready, and its calls under way.
type states struct{ catalog *catalog.Catalog }

var (
	readyDesc = prometheus.NewDesc("ortho_model_ready", "Whether a version of a model answers.", []string{"model", "version"}, nil)
	callsDesc = prometheus.NewDesc("ortho_model_calls", "Calls of a model that run or wait.", []string{"model", "version"}, nil)
)

func (*states) Describe(to chan<- *prometheus.Desc) {
	to <- readyDesc
	to <- callsDesc
}

func (m *states) Collect(to chan<- prometheus.Metric) {
	for _, s := range m.catalog.Statuses() {
		ready := 0.0
		if s.State == catalog.Ready {
			ready = 1
		}
		to <- prometheus.MustNewConstMetric(readyDesc, prometheus.GaugeValue, ready, s.Name, s.Version)
		to <- prometheus.MustNewConstMetric(callsDesc, prometheus.GaugeValue, float64(s.Calls), s.Name, s.Version)
	}
}
