package proof

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
)

// lineVersion is the member "v" of a line. What a version looks like never changes:
// whatever was sealed is checked against it.
const lineVersion = 1

// Line writes all of a record as one line of JSON, without a line feed. The same
// record always gives the same bytes, and different records different ones.
//
// Members stand in a fixed order, those that are empty are left out, times are in
// UTC with as many digits as they need, and strings escape nothing that JSON does
// not ask for. Data that is JSON without needless white space stands in "data",
// byte for byte; other data in "data_base64". It is all written here, since what
// encoding/json writes has changed before.
func Line(rec eventlog.Record) []byte {
	w := writer(make([]byte, 0, 512+len(rec.Data)))
	w = append(w, `{"v":`...)
	w = strconv.AppendInt(w, lineVersion, 10)
	w = append(w, `,"position":`...)
	w = strconv.AppendUint(w, uint64(rec.Position), 10)
	w.time("recorded", rec.Recorded)
	w.text("id", rec.ID)
	w.text("type", string(rec.Type))
	w.text("source", rec.Source)
	w.text("subject", rec.Subject)
	w.time("time", rec.Time)
	w.object("actor", pair{"name", rec.Actor.Name}, pair{"email", rec.Actor.Email}, pair{"login", rec.Actor.Login})
	w.object("cause", pair{"delivery", rec.Cause.Delivery}, pair{"commit", rec.Cause.Commit}, pair{"commitUrl", rec.Cause.CommitURL},
		pair{"request", rec.Cause.Request}, pair{"schedule", rec.Cause.Schedule})
	extensions := make([]pair, 0, len(rec.Extensions))
	for _, name := range slices.Sorted(maps.Keys(rec.Extensions)) {
		extensions = append(extensions, pair{name, rec.Extensions[name]})
	}
	w.object("extensions", extensions...)
	w.data(rec.Data)
	return append(w, '}')
}

// writer writes the members of an object. Its methods begin with a comma.
type writer []byte

type pair struct{ name, value string }

func (w *writer) name(name string) {
	*w = append(*w, ',')
	w.quote(name)
	*w = append(*w, ':')
}

func (w *writer) text(name, value string) {
	if value != "" {
		w.name(name)
		w.quote(value)
	}
}

func (w *writer) time(name string, t time.Time) {
	w.name(name)
	*w = append(*w, '"')
	*w = t.UTC().AppendFormat(*w, time.RFC3339Nano)
	*w = append(*w, '"')
}

// object leaves out members that are empty, and itself if all are; an extension may
// be empty and be there all the same.
func (w *writer) object(name string, members ...pair) {
	open := false
	for _, m := range members {
		if m.value == "" && name != "extensions" {
			continue
		}
		if !open {
			open = true
			w.name(name)
			*w = append(*w, '{')
		} else {
			*w = append(*w, ',')
		}
		w.quote(m.name)
		*w = append(*w, ':')
		w.quote(m.value)
	}
	if open {
		*w = append(*w, '}')
	}
}

func (w *writer) data(data []byte) {
	if len(data) == 0 {
		return
	}
	if isCompact(data) {
		w.name("data")
		*w = append(*w, data...)
		return
	}
	w.name("data_base64")
	*w = append(*w, '"')
	*w = base64.StdEncoding.AppendEncode(*w, data)
	*w = append(*w, '"')
}

// isCompact reports whether data is JSON that can stand in a line as it is.
func isCompact(data []byte) bool {
	if !utf8.Valid(data) {
		return false
	}
	var b bytes.Buffer
	b.Grow(len(data))
	return json.Compact(&b, data) == nil && bytes.Equal(b.Bytes(), data)
}

// quote writes a JSON string. Bytes that are not UTF-8, which no log takes, become
// U+FFFD in an escape, so that they differ from a U+FFFD that was there.
func (w *writer) quote(s string) {
	const hex = "0123456789abcdef"
	b := append(*w, '"')
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && size == 1 {
				b = append(b, `\ufffd`...)
			} else {
				b = append(b, s[i:i+size]...)
			}
			i += size
			continue
		}
		switch {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c < ' ':
			b = append(b, `\u00`...)
			b = append(b, hex[c>>4], hex[c&15])
		default:
			b = append(b, c)
		}
		i++
	}
	*w = append(b, '"')
}

// written is a line as encoding/json reads it.
type written struct {
	V          int               `json:"v"`
	Position   eventlog.Position `json:"position"`
	Recorded   time.Time         `json:"recorded"`
	ID         string            `json:"id"`
	Type       event.Type        `json:"type"`
	Source     string            `json:"source"`
	Subject    string            `json:"subject"`
	Time       time.Time         `json:"time"`
	Actor      event.Actor       `json:"actor"`
	Cause      event.Cause       `json:"cause"`
	Extensions map[string]string `json:"extensions"`
	Data       json.RawMessage   `json:"data"`
	DataBase64 []byte            `json:"data_base64"`
}

// ParseLine reads what [Line] wrote. Errors are of kind fault.Invalid.
func ParseLine(line []byte) (eventlog.Record, error) {
	var l written
	if err := json.Unmarshal(line, &l); err != nil {
		return eventlog.Record{}, fault.New(fault.Invalid, "this is no event on a line: %w", err)
	}
	if l.V != lineVersion || l.Position == 0 {
		return eventlog.Record{}, fault.New(fault.Invalid, `this is no event that this version of Callboard can read: it wants "v":%d and a position`, lineVersion)
	}
	for _, t := range []time.Time{l.Recorded, l.Time} {
		if y := t.UTC().Year(); y < 1 || y > 9999 {
			return eventlog.Record{}, fault.New(fault.Invalid, "the event at position %d has a time of the year %d", l.Position, y)
		}
	}
	rec := eventlog.Record{Position: l.Position, Recorded: l.Recorded.UTC(), Event: event.Event{
		ID: l.ID, Type: l.Type, Source: l.Source, Subject: l.Subject, Time: l.Time.UTC(), Actor: l.Actor, Cause: l.Cause, Extensions: l.Extensions,
	}}
	switch {
	case len(l.Data) > 0:
		rec.Data = l.Data
	case len(l.DataBase64) > 0:
		rec.Data = l.DataBase64
	}
	return rec, nil
}
