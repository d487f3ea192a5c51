package sample

import (
	"context"
	_ "embed" // for the descriptors
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/callboard/callboard/event"
)

// Now is when [Acme] is looked at.
var Now = time.Date(2026, 3, 12, 14, 3, 10, 0, time.UTC)

//go:embed acme.yaml
var descriptors string

// PaymentsAPI is the entity that most happened to.
const PaymentsAPI = "component:default/payments-api"

// Acme plays half a year of a shop: 50 entities appear, change their owner,
// are described better, removed, and one is broken at the end.
func Acme(ctx context.Context, folder string) (*World, error) {
	w, err := New(ctx, folder, Now)
	if err != nil {
		return nil, err
	}
	s := script{w: w, ctx: ctx, text: map[string]string{}}
	s.beginning()
	s.months()
	s.today()
	if s.err == nil {
		s.err = w.Settle(ctx)
	}
	return w, s.err
}

// script plays pushes until one cannot be played.
type script struct {
	w    *World
	ctx  context.Context
	text map[string]string // descriptors by entity name, as they are now
	err  error
}

func (s *script) push(p Push) {
	if s.err == nil {
		s.err = s.w.Push(s.ctx, p)
	}
}

func by(login string) event.Actor {
	return event.Actor{Login: login, Name: strings.ToUpper(login[:1]) + login[1:], Email: login + "@acme.example"}
}

// beginning registers every entity, a few a day.
func (s *script) beginning() {
	at := time.Date(2025, 9, 8, 9, 12, 0, 0, time.UTC)
	people := []string{"tamarisk", "mossbank", "saltmarsh", "fennel-ok", "juniper-q", "quillwort", "harbour-9", "pebbledash", "kestrel-7"}
	for i, text := range strings.Split(descriptors, "---\n") {
		name := field(text, "name")
		s.text[name] = text
		source := "github"
		if i%3 == 2 {
			source = "gitlab"
		}
		s.push(Push{At: at, By: by(people[i%len(people)]), Source: source, Repository: "acme/" + name, Text: text})
		at = at.Add(5*time.Hour + 37*time.Minute)
	}
}

func field(text, name string) string {
	_, rest, _ := strings.Cut(text, "\n  "+name+": ")
	value, _, _ := strings.Cut(rest, "\n")
	return value
}

// change replaces a part of a descriptor and pushes it.
func (s *script) change(at time.Time, who, name, old, now string) {
	s.text[name] = strings.Replace(s.text[name], old, now, 1)
	s.push(Push{At: at, By: by(who), Repository: "acme/" + name, Text: s.text[name]})
}

func (s *script) months() {
	day := func(month time.Month, day, hour, minute int) time.Time {
		year := 2026
		if month > 6 {
			year = 2025
		}
		return time.Date(year, month, day, hour, minute, 51, 0, time.UTC)
	}
	// Small edits, so that there is something to page through.
	for i, name := range slices.Repeat([]string{"cart", "pricing", "stock", "ledger", "edge-proxy", "feature-flags", "search-index", "storefront"}, 9) {
		label := func(n int) string { return fmt.Sprintf("  labels:\n    acme.dev/release: \"%d\"\n", n) }
		s.text[name] = strings.Replace(s.text[name], label(i-8), "", 1)
		s.change(day(10, 1, 8, 5).Add(time.Duration(i)*47*time.Hour), []string{"fennel-ok", "mossbank", "juniper-q", "tamarisk"}[i%4], name,
			"  description: ", label(i)+"  description: ")
	}
	s.push(Push{At: day(2, 2, 16, 1), By: by("harbour-9"), Repository: "acme/returns", Text: strings.ReplaceAll(s.text["stock"], "stock", "returns-desk")})
	s.push(Push{At: day(2, 24, 10, 12), By: by("harbour-9"), Repository: "acme/returns", Removes: "component:default/returns-desk"})
	s.change(day(3, 6, 9, 0), "tamarisk", "payments-api", "owner: platform", "owner: payments")
	s.change(day(3, 6, 11, 48), "saltmarsh", "payments-api", "on-call: payments-primary", "on-call: payments-primary-eu")
	s.change(day(3, 10, 16, 8), "mossbank", "ledger", "    - resource:ledger-db", "    - resource:ledger-db\n    - resource:ledger-replica")
	s.change(day(3, 11, 17, 20), "mossbank", "payments-api", "Takes and refunds card payments", "Takes, captures and refunds card and bank payments for every Acme shop. Talks to three acquirers and books every movement in the ledger.")
	s.change(day(3, 11, 17, 40), "mossbank", "payments-api", "tags: [go, grpc, pci]", "tags: [go, grpc, pci, tier-1]")
	s.change(day(3, 11, 18, 31), "quillwort", "identity-gateway", "Checks sessions, issues tokens", "Checks sessions and issues tokens")
}

func (s *script) today() {
	clock := func(hour, minute, second int) time.Time {
		return time.Date(2026, 3, 12, hour, minute, second, 0, time.UTC)
	}
	s.change(clock(8, 15, 4), "tamarisk", "feature-flags", "tags: [go]", "tags: [go, tier-1]")
	s.change(clock(9, 40, 51), "pebbledash", "payments-api", "    - url: https://run.acme.example/pay\n      title: Runbook\n      icon: docs\n", "")
	s.push(Push{At: clock(13, 30, 12), By: by("fennel-ok"), Source: "gitlab", Repository: "acme/cart", Text: " ", Only: event.DeliveryHandled{
		Status: event.DeliveryWaiting, Repository: "acme/cart", Error: "GitLab answered 429", Attempts: 2, RetryAt: Now.Add(40 * time.Second),
	}})
	for i := range 3 {
		s.push(Push{At: clock(13, 41, i), By: by("fennel-ok"), Repository: "acme/pricing", Text: " ", Only: event.DeliveryHandled{
			Status: event.DeliveryFailed, Repository: "acme/pricing", Error: "the tree at 4e1ba02 is cut short by the forge", Attempts: 5, Took: 9 * time.Millisecond,
		}})
	}
	s.push(Push{At: clock(13, 44, 44), By: by("juniper-q"), Repository: "acme/storefront", Text: " ", Only: event.DeliveryHandled{
		Status: event.DeliveryNotNeeded, Repository: "acme/storefront", Attempts: 1, Took: time.Millisecond,
	}})
	s.change(clock(13, 52, 23), "kestrel-7", "payments-api", "    - payments-v2\n", "    - payments-v2\n    - refunds: v1\n")
	s.push(Push{At: clock(14, 2, 58), By: by("juniper-q"), Repository: "acme/storefront", Text: s.text["storefront"]})
}
