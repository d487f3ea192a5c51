package ingest

import (
	"fmt"
	"net/http"

	"github.com/klauspost/compress/zstd"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/internal/fault"
)

// encoding is how bodies are stored.
const encoding = "zstd"

// packer compresses bodies; many may use it at once.
type packer struct{ encoder *zstd.Encoder }

func newPacker() (*packer, error) {
	// The window is smaller than usual: most bodies have some tens of KB.
	e, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithWindowSize(256<<10))
	if err != nil {
		return nil, fmt.Errorf("start the compressor: %w", err)
	}
	return &packer{e}, nil
}

func (p *packer) pack(body []byte) []byte {
	return p.encoder.EncodeAll(body, make([]byte, 0, len(body)/4+64))
}

// Open reads a stored delivery back. Errors are of kind fault.Invalid: the
// event is no delivery, or its body is not what the event says of it.
func Open(e event.Event) (Delivery, error) {
	r, err := event.DecodeAs[event.DeliveryReceived](e)
	if err != nil {
		return Delivery{}, fault.New(fault.Invalid, "%w", err)
	}
	d := Delivery{ID: e.Subject, Event: r.Event, Header: make(http.Header, len(r.Headers))}
	for name, value := range r.Headers {
		d.Header.Set(name, value)
	}
	d.Body, err = unpack(r)
	if err != nil {
		return Delivery{}, fault.New(fault.Invalid, "read the body of delivery %s: %w", e.Subject, err)
	}
	return d, nil
}

// unpack decompresses at most what the door would have taken, whatever the
// compressed bytes promise.
func unpack(r event.DeliveryReceived) ([]byte, error) {
	if r.Encoding != encoding {
		return nil, fmt.Errorf("it is encoded as %q, which this version cannot read", r.Encoding)
	}
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(MaxBody))
	if err != nil {
		return nil, err
	}
	defer d.Close()
	body, err := d.DecodeAll(r.Body, nil)
	if err != nil {
		return nil, err
	}
	if len(body) != r.Size {
		return nil, fmt.Errorf("it has %d bytes, not the %d that came", len(body), r.Size)
	}
	return body, nil
}
