// Package event is the vocabulary: what can be true of the world that Callboard
// watches, as facts in the past tense.
//
// An [Event] is a CloudEvents 1.0 envelope (https://cloudevents.io) around a
// [Data] value, plus who did it ([Actor]) and why we know ([Cause]). [New] makes
// one, [Event.Decode] reads its data, [Types] lists every type there is.
//
// Rules that hold for ever: a type's name carries its version; changes to a
// type are additive; a new meaning is a new version; every version ever written
// decodes (testdata/frozen keeps a sample of each).
package event

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Type is the name of a type of event with its version, "entity.changed.v1".
type Type string

// Event is one fact: a CloudEvents envelope, in binary mode (attributes apart
// from the data), so that a log can store and filter it without decoding Data.
type Event struct {
	ID      string    // derived from the cause, so that a repeat is recognised: see [DeriveID]
	Type    Type      //
	Source  string    // CloudEvents source, a URI reference: "/sources/github"
	Subject string    // what it is about: an entity ref, a repository, a delivery
	Time    time.Time // when it became true (commit or provider time), never later than when it was recorded

	Actor Actor
	Cause Cause

	// Extensions are further CloudEvents attributes, kept and handed on.
	// Names are lower-case letters and digits.
	Extensions map[string]string

	Data []byte // JSON, unless a foreign producer wrote something else
}

// Actor is who did it. All fields may be empty: then Callboard itself did.
type Actor struct {
	Name  string `json:"name,omitempty"`
	Email string `json:"email,omitempty"`
	Login string `json:"login,omitempty"` // account at the source
}

// String returns what to call the actor: login, else name, else e-mail.
func (a Actor) String() string {
	switch {
	case a.Login != "":
		return a.Login
	case a.Name != "":
		return a.Name
	default:
		return a.Email
	}
}

// Cause is why we know: usually a delivery and the commit that it led to.
type Cause struct {
	Delivery  string `json:"delivery,omitempty"`  // id of the webhook delivery
	Commit    string `json:"commit,omitempty"`    // full SHA
	CommitURL string `json:"commitUrl,omitempty"` // page of the commit
	Request   string `json:"request,omitempty"`   // id of an API or portal request
	Schedule  string `json:"schedule,omitempty"`  // name and tick of a schedule
}

// Data is what one type of event says.
type Data interface {
	// EventType is fixed text, never derived from the Go type's name.
	EventType() Type
}

// New wraps data in an event without id, time, actor or cause; the caller fills these.
func New(source, subject string, data Data) (Event, error) {
	b, err := json.Marshal(data)
	if err != nil {
		return Event{}, fmt.Errorf("encode %s: %w", data.EventType(), err)
	}
	return Event{Type: data.EventType(), Source: source, Subject: subject, Data: b}, nil
}

// DeriveID returns the id for the n-th event that comes of a cause. Parts name
// the cause ("github", delivery id, commit, …). The same parts give the same id
// for ever: a repeated cause appends nothing new.
func DeriveID(n int, parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		// Length-prefixed, so that ("ab","c") and ("a","bc") differ.
		fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	fmt.Fprintf(h, "#%s", strconv.Itoa(n))
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:18])
}

// UndoesExtension is the name of the extension that lists, with commas between, the
// positions of the events that this one compensates for.
const UndoesExtension = "undoes"

// Undoes returns the positions of the events that this one compensates for.
func (e *Event) Undoes() []uint64 {
	var all []uint64
	for _, text := range strings.Split(e.Extensions[UndoesExtension], ",") {
		if p, err := strconv.ParseUint(text, 10, 64); err == nil {
			all = append(all, p)
		}
	}
	return all
}

// Backfill is the name of the extension that marks, as "true", an event that was
// found in the past after the fact: it tells how things came to be, and nothing of
// how they are. See [Event.Backfilled].
const Backfill = "backfill"

// Backfilled reports whether the event tells of the past only: whoever keeps a
// present state must leave it out of that.
func (e *Event) Backfilled() bool { return e.Extensions[Backfill] == "true" }

// SourcePrefix is what the CloudEvents source of a configured source starts with;
// its name follows.
const SourcePrefix = "/sources/"
