// Package cloudevents is the source for whatever sends CloudEvents over HTTP:
// structured, in batches or binary. It understands CDEvents of deployments and
// pipelines, and reads no repositories.
//
// Start with [New]. The facts are those of
// https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md
// and https://cdevents.dev/docs/.
package cloudevents

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/internal/fault"
)

// Options are the settings of a Source.
type Options struct {
	Name          string // of the source, in /hooks/{name}
	WebhookSecret string // never empty
	// PreviousSecret is accepted, too, while the secret is being changed; "" = none.
	PreviousSecret string
}

// Source is a receiver of CloudEvents, as [ingest.Source].
type Source struct {
	name    string
	secrets []string
}

// New makes a source. An error of kind fault.Invalid says which option is wrong.
func New(o Options) (*Source, error) {
	if o.WebhookSecret == "" {
		return nil, fault.New(fault.Invalid, "source %s: webhookSecret is empty, so that anybody could send events: set a secret", o.Name)
	}
	s := &Source{name: o.Name, secrets: []string{o.WebhookSecret}}
	if o.PreviousSecret != "" {
		s.secrets = append(s.secrets, o.PreviousSecret)
	}
	return s, nil
}

// Name returns the source's name.
func (s *Source) Name() string { return s.name }

// Forge returns nil: there is nothing to read.
func (s *Source) Forge() ingest.Forge { return nil }

// Verify checks the signature over the body, X-Hub-Signature-256 as GitHub sends
// it, or else that the bearer token is the secret. In binary mode the signature
// does not cover the attributes, which stand in headers.
func (s *Source) Verify(h http.Header, body []byte) (ingest.Receipt, error) {
	signature := h.Get("X-Hub-Signature-256")
	token, isBearer := strings.CutPrefix(h.Get("Authorization"), "Bearer ")
	switch {
	case signature != "":
		if !s.signed(signature, body) {
			return ingest.Receipt{}, fault.New(fault.Denied, "the signature does not fit: it is not made with the webhookSecret of source %s, or the body was changed on its way", s.name)
		}
	case !isBearer:
		return ingest.Receipt{}, fault.New(fault.Denied, "the event is not signed: send X-Hub-Signature-256 (sha256= and the HMAC of the body in hexadecimal), or Authorization: Bearer and the webhookSecret of source %s", s.name)
	case !s.knows(token):
		return ingest.Receipt{}, fault.New(fault.Denied, "the bearer token is not the webhookSecret of source %s", s.name)
	}
	all, err := read(h, body)
	if err != nil {
		return ingest.Receipt{Event: "unreadable"}, nil // it is kept all the same, and fails where people see why
	}
	return receipt(all), nil
}

func (s *Source) signed(signature string, body []byte) bool {
	text, ok := strings.CutPrefix(signature, "sha256=")
	mac, err := hex.DecodeString(text)
	return ok && err == nil && slices.ContainsFunc(s.secrets, func(secret string) bool {
		m := hmac.New(sha256.New, []byte(secret))
		m.Write(body)
		return hmac.Equal(mac, m.Sum(nil))
	})
}

// knows compares hashes, which does not tell how long a secret is.
func (s *Source) knows(token string) bool {
	got := sha256.Sum256([]byte(token))
	return slices.ContainsFunc(s.secrets, func(secret string) bool {
		want := sha256.Sum256([]byte(secret))
		return subtle.ConstantTimeCompare(got[:], want[:]) == 1
	})
}

// receipt names what came by source and id, which are an event's own for ever. A
// batch is a repeat if it holds the same events.
func receipt(all []event.Event) ingest.Receipt {
	if len(all) != 1 {
		names := make([]string, 0, 2*len(all))
		for _, e := range all {
			names = append(names, e.Source, e.ID)
		}
		return ingest.Receipt{ID: event.DeriveID(len(all), names...), Event: fmt.Sprintf("batch of %d", len(all))}
	}
	return ingest.Receipt{ID: event.DeriveID(0, all[0].Source, all[0].ID), Event: ingest.Short(string(all[0].Type))}
}

var _ ingest.Source = (*Source)(nil)
