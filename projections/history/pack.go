package history

import (
	"bytes"
	"encoding/json"
	"errors"

	"github.com/klauspost/compress/s2"

	"github.com/callboard/callboard/event"
)

// envelope is what of an event has no column of its own.
type envelope struct {
	Source     string            `json:"source"`
	Extensions map[string]string `json:"extensions,omitempty"`
}

// Pack writes down what of an event a [Store] has no column for, compressed to a
// third in little of the time that SQLite takes for the row: the data as it is, and
// before it, in a line, all else.
func Pack(e event.Event) ([]byte, error) {
	line, err := json.Marshal(envelope{e.Source, e.Extensions})
	if err != nil {
		return nil, err
	}
	text := make([]byte, 0, len(line)+1+len(e.Data))
	text = append(append(text, line...), '\n')
	return s2.Encode(nil, append(text, e.Data...)), nil
}

// Unpack reads what Pack wrote: source, extensions and data.
func Unpack(packed []byte) (event.Event, error) {
	text, err := s2.Decode(nil, packed)
	if err != nil {
		return event.Event{}, err
	}
	line, data, ok := bytes.Cut(text, []byte("\n")) // which JSON does not have within
	if !ok {
		return event.Event{}, errors.New("the rest of the event is cut off")
	}
	var env envelope
	if err := json.Unmarshal(line, &env); err != nil {
		return event.Event{}, err
	}
	return event.Event{Source: env.Source, Extensions: env.Extensions, Data: data}, nil
}
