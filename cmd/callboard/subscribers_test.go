package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/config"
)

const subscriberSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="

// toldByWebhook reads what a subscriber is sent, as a program would that has only the
// specifications of Standard Webhooks and of CloudEvents.
func toldByWebhook(r *http.Request, secret string) ([]eventlog.Record, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	wh, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		return nil, err
	}
	if err := wh.Verify(body, r.Header); err != nil {
		return nil, err
	}
	var all []json.RawMessage
	if err := json.Unmarshal(body, &all); err != nil {
		return nil, err
	}
	records := make([]eventlog.Record, len(all))
	for i, one := range all {
		e, err := event.Parse(one)
		if err != nil {
			return nil, err
		}
		at, _ := strconv.ParseUint(e.Extensions["position"], 10, 64)            //nolint:errcheck // 0 is a position of none
		recorded, _ := time.Parse(time.RFC3339Nano, e.Extensions["recordedat"]) //nolint:errcheck // likewise
		delete(e.Extensions, "position")
		delete(e.Extensions, "recordedat")
		records[i] = eventlog.Record{Position: eventlog.Position(at), Recorded: recorded, Event: e}
	}
	return records, nil
}

// Whoever is sent all events from the first on has the catalog.
func TestSubscriberHasTheCatalog(t *testing.T) {
	told := make(chan []eventlog.Record, 1000)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		records, err := toldByWebhook(r, subscriberSecret)
		if err != nil {
			t.Error(err)
		}
		told <- records
	}))
	t.Cleanup(s.Close)
	r := startPortal(t)
	r.ownedBy(t, "payments", "team-a", "team-b")
	r.ownedBy(t, "ledger", "team-a")
	conf := r.file
	conf.Subscribers = []config.Subscriber{{Name: "replica", URL: s.URL, Secret: subscriberSecret, From: "0"}}
	if err := r.reload(t.Context(), conf); err != nil {
		t.Fatal(err)
	}
	r.ownedBy(t, "stock", "team-c") // while it is sent
	var records []eventlog.Record
	for last := r.last(t); len(records) == 0 || records[len(records)-1].Position < last; {
		records = append(records, <-told...)
	}
	for i, rec := range records {
		if rec.Position != eventlog.Position(i+1) {
			t.Fatalf("event %d comes after event %d", rec.Position, i)
		}
		kept, err := r.events.At(t.Context(), rec.Position)
		if err != nil || kept.ID != rec.ID || !kept.Recorded.Equal(rec.Recorded) {
			t.Errorf("%+v was sent as %+v, %v", kept, rec, err)
		}
	}
	r.sameCatalog(t, records)
}
