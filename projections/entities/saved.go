package entities

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"unique"

	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/projections/entities/index"
)

// A record is saved as numbers, the lengths of its texts among them, and the texts.

func (r *record) numbers() []uint64 {
	from := r.place.Value()
	return []uint64{
		r.id, uint64(r.changed), uint64(r.since), uint64(r.registered), //nolint:gosec // they come back as they were
		uint64(len(r.ref)), uint64(len(r.own)), uint64(len(r.note)), uint64(len(r.rest)),
		uint64(len(r.owner)), uint64(len(from.source)), uint64(len(from.repository)), uint64(len(from.parent)),
	}
}

func (r *record) savedTexts() []string {
	from := r.place.Value()
	return []string{r.ref, r.own, r.note, r.rest, r.owner, from.source, from.repository, from.parent}
}

func writeRecord(to *bufio.Writer, r *record) error {
	var b []byte
	for _, n := range r.numbers() {
		b = binary.AppendUvarint(b, n)
	}
	_, err := to.Write(b)
	for _, text := range r.savedTexts() {
		if err == nil {
			_, err = to.WriteString(text)
		}
	}
	return err
}

// maxSaved bounds the texts of one record: a team of a hundred thousand services
// has relations of several megabytes.
const maxSaved = 1 << 30

type recordReader struct {
	*bufio.Reader
	shared map[string]string // texts that many records have
}

func (r *recordReader) read() (index.Doc, error) {
	var n [12]uint64
	for i := range n {
		var err error
		if n[i], err = binary.ReadUvarint(r); err != nil {
			return nil, fmt.Errorf("read an entity: %w", err)
		}
		if i >= 4 && n[i] > maxSaved {
			return nil, fmt.Errorf("read an entity: a text of %d bytes", n[i])
		}
	}
	// What stays together while relations change is kept together.
	kept, err := r.text(n[4] + n[5] + n[6])
	if err != nil {
		return nil, err
	}
	rec := &record{id: n[0], changed: eventlog.Position(n[1]), since: int64(n[2]), registered: int64(n[3])} //nolint:gosec // as they were
	rec.ref, rec.own, rec.note = kept[:n[4]], kept[n[4]:n[4]+n[5]], kept[n[4]+n[5]:]
	if rec.rest, err = r.text(n[7]); err != nil {
		return nil, err
	}
	var from place
	for i, to := range []*string{&rec.owner, &from.source, &from.repository, &from.parent} {
		text, err := r.text(n[8+i])
		if err != nil {
			return nil, err
		}
		if _, ok := r.shared[text]; !ok {
			r.shared[text] = text
		}
		*to = r.shared[text]
	}
	rec.place = unique.Make(from)
	return rec, nil
}

// text reads n bytes; what is allocated grows with what is there.
func (r *recordReader) text(n uint64) (string, error) {
	b := make([]byte, 0, min(n, 1<<16))
	for uint64(len(b)) < n {
		from := len(b)
		to := min(n, uint64(from)+1<<20)
		b = append(b, make([]byte, to-uint64(from))...)
		if _, err := io.ReadFull(r, b[from:]); err != nil {
			return "", fmt.Errorf("read an entity: %w", err)
		}
	}
	return string(b), nil
}
