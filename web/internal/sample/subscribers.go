package sample

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/projections/history"
	"github.com/callboard/callboard/subscribers"
)

// programs are subscribers that answer by what their address says.
type programs struct{ refuse string }

// RoundTrip answers.
func (p *programs) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	status, answer := http.StatusOK, ""
	switch {
	case strings.Contains(r.URL.Host, "pager"):
		status, answer = http.StatusBadGateway, "upstream connect error"
	case strings.Contains(r.URL.Host, "cmdb") && p.refuse != "" && strings.Contains(string(body), p.refuse):
		status, answer = http.StatusUnprocessableEntity, `{"error": "owner is not a known cost centre"}`
	}
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(answer)), Request: r}, nil
}

// Subscribe has programs be sent what the log holds: one that has everything, one that
// does not answer, one that refused an event, and one that is paused.
func (w *World) Subscribe(ctx context.Context) (*subscribers.Dispatcher, error) {
	const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="
	refuses := &programs{refuse: `"id":"` + w.Log.Records[40].ID + `"`}
	now := w.now.Add(-20 * time.Minute)
	d, err := subscribers.New(subscribers.Options{
		Store: w.Sent, History: w.History, Log: w.Log, Wait: func(context.Context, eventlog.Position) error { return nil },
		Metrics: prometheus.NewRegistry(), Logger: slog.New(slog.DiscardHandler), Transport: refuses,
		Now: func() time.Time { return now },
	})
	if err != nil {
		return nil, err
	}
	to := func(name, path string, f history.Filter) subscribers.Subscriber {
		return subscribers.Subscriber{Name: name, URL: "https://" + name + ".acme.example" + path, Secrets: []string{secret}, Filter: f}
	}
	err = d.Serve(ctx, []subscribers.Subscriber{
		to("warehouse", "/hooks/callboard", history.Filter{}), to("pager", "/callboard", history.Filter{Type: "entity.changed"}),
		to("cmdb", "/api/v2/import", history.Filter{}), to("sandbox", "/", history.Filter{Kind: "component"}),
	})
	if err != nil {
		return nil, err
	}
	all := d.Workers()
	if err := all[3].Pause(ctx); err != nil {
		return nil, err
	}
	for _, one := range all {
		for range 30 { // more than enough
			if err := one.Send(ctx); err != nil {
				return nil, err
			}
			now = now.Add(7 * time.Second)
			state, err := one.State(ctx)
			if err != nil {
				return nil, err
			}
			if state.Refusals == 0 {
				continue
			}
			if err := one.Skip(ctx); err != nil {
				return nil, err
			}
		}
	}
	now = w.now
	return d, nil
}
