package index

import (
	"bufio"
	"io"
	"slices"
	"strings"
)

// Pieces keeps many short texts in one piece of memory after the other, which takes
// less than an allocation for each. A piece stays as long as one of its texts is
// used. The zero Pieces is ready; one goroutine uses it.
type Pieces struct{ piece strings.Builder }

const (
	pieceLen = 64 << 10
	maxInOne = pieceLen / 8 // longer texts are kept alone
)

// Keep returns a copy of a text.
func (p *Pieces) Keep(text string) string {
	if len(text) > maxInOne {
		return strings.Clone(text)
	}
	from := p.room(len(text))
	p.piece.WriteString(text)
	return p.piece.String()[from:]
}

// Read returns the next n bytes as a text; what is allocated grows with what is there.
func (p *Pieces) Read(from *bufio.Reader, n int) (string, error) {
	if n == 0 {
		return "", nil
	}
	if n > min(maxInOne, from.Size()) {
		b, err := readBytes(from, n)
		return string(b), err
	}
	b, err := from.Peek(n)
	if err != nil {
		return "", err
	}
	at := p.room(n)
	p.piece.Write(b)
	_, err = from.Discard(n)
	return p.piece.String()[at:], err
}

// room makes room for n bytes, and returns where they begin.
func (p *Pieces) room(n int) int {
	if p.piece.Cap()-p.piece.Len() < n {
		p.piece = strings.Builder{}
		p.piece.Grow(pieceLen)
	}
	return p.piece.Len()
}

// readBytes reads n bytes; what is allocated grows with what is there.
func readBytes(from io.Reader, n int) ([]byte, error) {
	const atOnce = 1 << 20
	b := make([]byte, 0, min(n, atOnce))
	for len(b) < n {
		at := len(b)
		b = slices.Grow(b, min(n-at, atOnce))[:min(n, at+atOnce)]
		if _, err := io.ReadFull(from, b[at:]); err != nil {
			return nil, err
		}
	}
	return b, nil
}
