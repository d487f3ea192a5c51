package cloudevents

import (
	"encoding/json"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/internal/fault"
)

// read returns the events of a request, in whichever mode it is. Errors are of
// kind fault.Invalid.
func read(h http.Header, body []byte) ([]event.Event, error) {
	mode, _, _ := mime.ParseMediaType(h.Get("Content-Type"))
	switch {
	case mode == "application/cloudevents+json":
		e, err := event.Parse(body)
		return []event.Event{e}, err
	case mode == "application/cloudevents-batch+json":
		return readBatch(body)
	case h.Get("Ce-Specversion") != "":
		e, err := readBinary(h, body)
		return []event.Event{e}, err
	}
	return nil, fault.New(fault.Invalid, "this is no CloudEvent: its content type is neither application/cloudevents+json nor application/cloudevents-batch+json, and there is no header ce-specversion")
}

func readBatch(body []byte) ([]event.Event, error) {
	var parts []json.RawMessage
	if err := json.Unmarshal(body, &parts); err != nil {
		return nil, fault.New(fault.Invalid, "this is not a batch of CloudEvents, which is an array in JSON: %w", err)
	}
	all := make([]event.Event, len(parts))
	for i, part := range parts {
		var err error
		if all[i], err = event.Parse(part); err != nil {
			return nil, fault.New(fault.Invalid, "event %d of the batch: %w", i+1, err)
		}
	}
	return all, nil
}

// readBinary takes the attributes from headers.
func readBinary(h http.Header, body []byte) (event.Event, error) {
	if v := h.Get("Ce-Specversion"); v != "1.0" {
		return event.Event{}, fault.New(fault.Invalid, `CloudEvents specversion is %q; only "1.0" can be read`, v)
	}
	attrs := map[string]string{}
	for name := range h {
		attr, ok := strings.CutPrefix(strings.ToLower(name), "ce-")
		if ok && event.IsAttributeName(attr) {
			attrs[attr] = decode(h.Get(name))
		}
	}
	if len(body) == 0 {
		body = nil
	}
	return event.FromAttributes(attrs, body)
}

// decode reads a header's value: in quotes or not, and percent-encoded where it
// is not printable ASCII. What is no such encoding stands for itself.
func decode(value string) string {
	if n := len(value); n > 1 && value[0] == '"' && value[n-1] == '"' {
		value = strings.NewReplacer(`\\`, `\`, `\"`, `"`).Replace(value[1 : n-1])
	}
	if text, err := url.PathUnescape(value); err == nil {
		return text
	}
	return value
}
