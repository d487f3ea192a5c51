package event

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"mime"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/callboard/callboard/internal/fault"
)

const (
	jsonType   = "application/json"
	binaryType = "application/octet-stream"
)

// Encode writes e as one line of JSON, CloudEvents' structured mode
// (https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md).
// The same event always gives the same bytes.
//
// Data that is JSON stands inline, without needless white space; anything else
// is in base64. The extension datacontenttype says what Data is where it is
// neither JSON nor bytes of no known kind.
func Encode(e Event) ([]byte, error) {
	if err := e.Validate(); err != nil {
		return nil, err
	}
	attrs := e.Attributes()
	if len(e.Data) > 0 && attrs["datacontenttype"] == "" {
		attrs["datacontenttype"] = defaultType(e.Data)
	}
	var b bytes.Buffer
	b.WriteString(`{"specversion":"1.0"`)
	for _, name := range slices.Sorted(maps.Keys(attrs)) {
		fmt.Fprintf(&b, `,"%s":`, name)
		if err := writeString(&b, attrs[name]); err != nil {
			return nil, fmt.Errorf("encode event %q: %w", e.ID, err)
		}
	}
	switch {
	case len(e.Data) == 0:
	case isJSON(attrs["datacontenttype"]) && inline(e.Data):
		b.WriteString(`,"data":`)
		if err := json.Compact(&b, e.Data); err != nil {
			return nil, fmt.Errorf("encode event %q: %w", e.ID, err)
		}
	default:
		fmt.Fprintf(&b, `,"data_base64":"%s"`, base64.StdEncoding.EncodeToString(e.Data))
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// Parse reads an event in CloudEvents' structured mode, whoever wrote it. An
// error is of kind fault.Invalid and says what is wrong.
func Parse(b []byte) (Event, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(b, &members); err != nil {
		return Event{}, fault.New(fault.Invalid, "this is not a CloudEvent in JSON: %w", err)
	}
	inline, hasInline := members["data"]
	encoded, hasEncoded := members["data_base64"]
	delete(members, "data")
	delete(members, "data_base64")

	attrs := make(map[string]string, len(members))
	for name, raw := range members {
		value, ok, err := attributeText(raw)
		if err != nil {
			return Event{}, fault.New(fault.Invalid, "CloudEvents attribute %q: %w", name, err)
		}
		if ok {
			attrs[name] = value
		}
	}
	if v := attrs["specversion"]; v != "1.0" {
		return Event{}, fault.New(fault.Invalid, `CloudEvents specversion is %q; only "1.0" can be read`, v)
	}
	delete(attrs, "specversion")

	var data []byte
	switch {
	case hasInline && hasEncoded:
		return Event{}, fault.New(fault.Invalid, "the event has both data and data_base64; one of them is enough")
	case hasInline:
		data = []byte(inline)
		var text string
		// Of another format than JSON, data is that format's text in a JSON string.
		if t := attrs["datacontenttype"]; t != "" && !isJSON(t) && json.Unmarshal(inline, &text) == nil {
			data = []byte(text)
		}
	case hasEncoded:
		if err := json.Unmarshal(encoded, &data); err != nil {
			return Event{}, fault.New(fault.Invalid, "data_base64 is not base64 in a JSON string: %w", err)
		}
	}
	if len(data) == 0 {
		data = nil
	} else if attrs["datacontenttype"] == defaultType(data) {
		delete(attrs, "datacontenttype")
	}
	return FromAttributes(attrs, data)
}

// attributeText returns the text of an attribute's JSON value, and false for
// null, which CloudEvents takes for absent.
func attributeText(raw json.RawMessage) (string, bool, error) {
	switch raw[0] {
	case '"':
		var s string
		err := json.Unmarshal(raw, &s)
		return s, true, err
	case 'n':
		return "", false, nil
	case '{', '[':
		return "", false, fmt.Errorf("its value is neither text, number nor true or false")
	default:
		return string(raw), true, nil
	}
}

// defaultType is the content type of data that does not say what it is.
func defaultType(data []byte) string {
	if inline(data) {
		return jsonType
	}
	return binaryType
}

// inline reports whether data can stand in a JSON document as it is.
// [json.Valid] does not look at the encoding of text.
func inline(data []byte) bool { return json.Valid(data) && utf8.Valid(data) }

func isJSON(contentType string) bool {
	t, _, err := mime.ParseMediaType(contentType)
	return err == nil && (t == jsonType || t == "text/json" || strings.HasSuffix(t, "+json"))
}

// writeString writes s as JSON without the escapes that only HTML needs.
func writeString(b *bytes.Buffer, s string) error {
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		return err
	}
	b.Truncate(b.Len() - 1) // the encoder ends with a line feed
	return nil
}
