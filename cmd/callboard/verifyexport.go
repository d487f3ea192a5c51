package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/eventlog/proof"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/evidence"
)

// verifyExport checks a file that callboard export made.
func verifyExport(ctx context.Context, p process, path string, keys proof.Public) (err error) {
	f, err := os.Open(path)
	if err != nil {
		return fault.New(fault.NotFound, "read the export: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	r := bufio.NewReader(f)
	if begin, _ := r.Peek(64); evidence.Is(begin) {
		return verifyEvidence(p, r, keys)
	}
	x := exported{keys: keys}
	for ctx.Err() == nil {
		text, err := r.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			if len(text) > 0 {
				return fmt.Errorf("position %d: the file breaks off in this line", x.next())
			}
			return x.done(p.Stdout)
		}
		if err == nil {
			err = x.add(text[:len(text)-1])
		}
		if err != nil {
			return err
		}
	}
	return ctx.Err()
}

// verifyEvidence checks a file that callboard export evidence made.
func verifyEvidence(p process, r io.Reader, keys proof.Public) error {
	file, err := io.ReadAll(r)
	if err != nil {
		return fmt.Errorf("read the evidence: %w", err)
	}
	v, err := evidence.Verify(file, keys)
	if err != nil {
		return err
	}
	entities := "one entity"
	if v.Entities != 1 {
		entities = fmt.Sprintf("%d entities", v.Entities)
	}
	fmt.Fprintf(p.Stdout, "This is what the portal wrote: of %s, from %s to %s, by events 1 to %d.\n", entities, v.From.Format(time.RFC3339), v.Until.Format(time.RFC3339), v.Known)
	fmt.Fprintf(p.Stdout, "It is signed by %s. These events are under a seal of %d; the same question with known=%d gives the same file.\n", v.Signer, v.Seal.Size, v.Known)
	return nil
}

// exported is what was read of an export.
type exported struct {
	keys        proof.Public
	first, last eventlog.Position // that are proved
	seal        proof.Head
	signer      string
	open        []line // that no proof came for yet
}

// next is the position that the next event must have.
func (x *exported) next() eventlog.Position {
	switch n := len(x.open); {
	case n > 0:
		return x.open[n-1].Position + 1
	default:
		return x.last + 1
	}
}

func (x *exported) add(text []byte) error {
	if span, ok := proof.ParseSpan(text); ok {
		return x.prove(span)
	}
	l, err := parseLine(text)
	if err != nil {
		return fmt.Errorf("position %d: %w", x.next(), err)
	}
	if len(x.open) >= proof.MaxSpan {
		return fmt.Errorf("position %d: there is no proof of it, nor of %d events before it", l.Position, len(x.open))
	}
	x.open = append(x.open, l)
	return nil
}

// prove checks the events in front of a proof. The proof is held against the seal
// first: then it is the proof that says what each event was.
func (x *exported) prove(span proof.Span) error {
	from := span.From
	if x.last > 0 && from != x.last+1 {
		return fmt.Errorf("position %d: there is no proof of it", x.last+1)
	}
	head, signer, err := x.keys.ReadHead(span.Note)
	if err == nil {
		err = span.Check(head)
	}
	if err != nil {
		return fmt.Errorf("position %d: the proof of it does not hold: %w", from, err)
	}
	for i, leaf := range span.Hashes() {
		at := from + eventlog.Position(i) //nolint:gosec // an index
		if i == len(x.open) || x.open[i].leaf != leaf {
			return fmt.Errorf("position %d: it is not the event that the seal covers: it was changed, or others were put in, taken out or moved", at)
		}
	}
	if n := len(span.Hashes()); len(x.open) > n {
		return fmt.Errorf("position %d: a line was put in after it that the proof knows nothing of", span.To)
	}
	if x.first == 0 {
		x.first = from
	}
	x.last, x.seal, x.signer, x.open = span.To, head, signer, nil
	return nil
}

func (x *exported) done(w io.Writer) error {
	switch {
	case len(x.open) > 0:
		return fmt.Errorf("position %d: there is no proof of it: the file was cut off", x.open[0].Position)
	case x.first == 0:
		return fault.New(fault.Invalid, "the file holds no events")
	}
	fmt.Fprintf(w, "All is as it was sealed: events %d to %d.\n", x.first, x.last)
	fmt.Fprintf(w, "The seal covers %d events and is signed by %s.\n", x.seal.Size, x.signer)
	return nil
}
