package entities

import (
	"bufio"
	"encoding/binary"
	"fmt"
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
	pieces index.Pieces
	shared map[string]string // texts that many records have
	places map[place]unique.Handle[place]
}

func (r *recordReader) read() (index.Doc, error) {
	var n [12]int
	var rec record
	for i := range n {
		number, err := binary.ReadUvarint(r)
		if err != nil {
			return nil, fmt.Errorf("read an entity: %w", err)
		}
		switch i {
		case 0:
			rec.id = number
		case 1:
			rec.changed = eventlog.Position(number) //nolint:gosec // as it was
		case 2:
			rec.since = int64(number) //nolint:gosec // as it was
		case 3:
			rec.registered = int64(number) //nolint:gosec // as it was
		default:
			if number > maxSaved {
				return nil, fmt.Errorf("read an entity: a text of %d bytes", number)
			}
			n[i] = int(number) //nolint:gosec // see above
		}
	}
	// What stays together while relations change is kept together.
	kept, err := r.text(n[4] + n[5] + n[6])
	if err != nil {
		return nil, err
	}
	rec.ref, rec.own, rec.note = kept[:n[4]], kept[n[4]:n[4]+n[5]], kept[n[4]+n[5]:]
	if rec.rest, err = r.text(n[7]); err != nil {
		return nil, err
	}
	var from place
	for i, to := range []*string{&rec.owner, &from.source, &from.repository, &from.parent} {
		if *to, err = r.sharedText(n[8+i]); err != nil {
			return nil, err
		}
	}
	where, ok := r.places[from]
	if !ok {
		where = unique.Make(from)
		r.places[from] = where
	}
	rec.place = where
	return &rec, nil
}

func (r *recordReader) text(n int) (string, error) {
	text, err := r.pieces.Read(r.Reader, n)
	if err != nil {
		return "", fmt.Errorf("read an entity: %w", err)
	}
	return text, nil
}

// sharedText reads a text that many records have.
func (r *recordReader) sharedText(n int) (string, error) {
	if n <= r.Size() {
		b, err := r.Peek(n)
		if err != nil {
			return "", fmt.Errorf("read an entity: %w", err)
		}
		if text, ok := r.shared[string(b)]; ok {
			_, err := r.Discard(n)
			return text, err
		}
	}
	text, err := r.text(n)
	if err == nil {
		r.shared[text] = text
	}
	return text, err
}
