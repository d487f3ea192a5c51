package config

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
)

// Subscriber is a program that events are sent to as webhooks.
type Subscriber struct {
	Name   string `yaml:"name"` // how far it is, is kept under it
	URL    string `yaml:"url"`
	Secret Secret `yaml:"secret"` // whsec_…
	// What was valid before signs too, for as long as it stands here.
	PreviousSecret Secret      `yaml:"previousSecret"`
	From           Beginning   `yaml:"from"` // where a new subscriber begins; empty = now
	Filter         EventFilter `yaml:"filter"`
	Batch          Number      `yaml:"batch"`   // events in a request at most; 0 = the default
	Timeout        Duration    `yaml:"timeout"` // for an answer; 0 = the default
	GiveUp         Duration    `yaml:"giveUp"`  // how long an event is refused until it is a dead letter; 0 = the default
}

// EventFilter selects events as the parameters of the feed do. Empty fields select all.
type EventFilter struct {
	Entity string `yaml:"entity"`
	Kind   string `yaml:"kind"`
	Type   string `yaml:"type"`
	Source string `yaml:"source"`
	Actor  string `yaml:"actor"`
	Seals  bool   `yaml:"seals"`
}

// Now is where a subscriber begins that is to have nothing of what is there.
const Now Beginning = "now"

// Beginning is "now" or a position in the log, after which a subscriber begins.
type Beginning string

// UnmarshalText reads "now" or a number.
func (b *Beginning) UnmarshalText(text []byte) error {
	*b = Beginning(text)
	if _, err := strconv.ParseUint(string(text), 10, 63); err != nil && *b != Now {
		return fmt.Errorf("%q must be now, 0 for all that there is, or the number of an event", text)
	}
	return nil
}

// Position is the number, and false for now.
func (b Beginning) Position() (uint64, bool) {
	n, err := strconv.ParseUint(string(b), 10, 63)
	return n, err == nil
}

// Number is a whole number of at least 1; 0 where none is written.
type Number int

// UnmarshalText reads a number.
func (n *Number) UnmarshalText(text []byte) error {
	v, err := strconv.ParseUint(string(text), 10, 31)
	if err != nil || v == 0 {
		return fmt.Errorf("%q must be a whole number of at least 1", text)
	}
	*n = Number(v)
	return nil
}

// maxBatch is what a page of the history holds.
const maxBatch = 500

func (p *parser) subscribers(all []Subscriber) {
	names := map[string]bool{}
	for i, s := range all {
		path := fmt.Sprintf("subscribers[%d]", i)
		switch {
		case !sourceName.MatchString(s.Name):
			p.wrong(path+".name", "%q must be lower-case letters, digits and hyphens, such as warehouse; how far it is, is kept under it", s.Name)
		case names[s.Name]:
			p.wrong(path+".name", "there is a subscriber %q already", s.Name)
		}
		names[s.Name] = true
		p.subscriberURL(path+".url", s.URL)
		p.signingSecret(path+".secret", s.Secret)
		if s.PreviousSecret != "" {
			p.signingSecret(path+".previousSecret", s.PreviousSecret)
		}
		if s.Batch > maxBatch {
			p.wrong(path+".batch", "%d is too many: at most %d events go in a request", s.Batch, maxBatch)
		}
		if d := time.Duration(s.Timeout); d != 0 && (d < time.Second || d > time.Minute) {
			p.wrong(path+".timeout", "%s is no time to wait for an answer: from 1s to 1m", d)
		}
		if d := time.Duration(s.GiveUp); d != 0 && d < time.Minute {
			p.wrong(path+".giveUp", "%s is too short: at least 1m; a subscriber may be broken for a while", d)
		}
		p.eventFilter(path+".filter", s.Filter)
	}
}

func (p *parser) subscriberURL(path, s string) {
	switch u, err := url.Parse(s); {
	case s == "":
		p.wrong(path, "must be where events are sent to, such as https://warehouse.example.com/callboard")
	case err == nil && u.User != nil:
		p.wrong(path, "holds a user, which would show on pages; requests are signed with the secret")
	default:
		p.httpURL(path, s)
	}
}

// signingSecret checks that a secret is of the form that Standard Webhooks has.
func (p *parser) signingSecret(path string, s Secret) {
	const make = "Make one with: echo whsec_$(openssl rand -base64 32)"
	text, ok := strings.CutPrefix(s.Reveal(), "whsec_")
	key, err := base64.StdEncoding.DecodeString(text)
	switch {
	case s == "":
		p.wrong(path, "must not be empty: it signs what is sent. %s", make)
	case !ok || err != nil || len(key) < 24 || len(key) > 64:
		p.wrong(path, "must be whsec_ and 24 to 64 bytes in base64. %s", make)
	}
}

func (p *parser) eventFilter(path string, f EventFilter) {
	if f.Entity != "" {
		if _, err := catalog.ParseRef(f.Entity, catalog.Ref{}); err != nil {
			p.wrong(path+".entity", "%v", err)
		}
	}
	if f.Type == "" {
		return
	}
	var names []string
	for _, t := range event.Types() {
		name := string(t.Type)
		if name == f.Type || strings.HasPrefix(name, f.Type+".v") {
			return
		}
		names = append(names, name[:strings.LastIndex(name, ".v")])
	}
	p.wrong(path+".type", "%q is no type of event; there are %s", f.Type, strings.Join(slices.Compact(names), ", "))
}
