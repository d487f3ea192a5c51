package native

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/ClickHouse/ch-go/compress"
	"github.com/ClickHouse/ch-go/proto"
)

// What a client may send. The codec of ch-go believes the lengths that it reads, and
// would make room for them; so packets are read here, and only written by it.
const (
	maxText  = 64 << 20 // bytes of a query or a value
	maxName  = 16 << 10 // bytes of a column's name or type
	maxItems = 1 << 16  // settings, parameters or columns
	maxRows  = 1 << 32
)

// reader reads what packets are made of. After an error it reads nothing more, and all
// that is read is empty: err tells.
type reader struct {
	raw          *bufio.Reader
	decompressed *compress.Reader
	from         io.Reader // one of the two
	err          error
}

func newReader(r io.Reader) *reader {
	raw := bufio.NewReaderSize(r, 128<<10)
	return &reader{raw: raw, decompressed: compress.NewReader(raw), from: raw}
}

// compressed has what follows be read from compressed frames, or as it is.
func (r *reader) compressed(yes bool) {
	r.from = r.raw
	if yes {
		r.from = r.decompressed
	}
}

func (r *reader) fail(err error) {
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	if r.err == nil {
		r.err = err
	}
}

func (r *reader) full(b []byte) {
	if r.err != nil {
		clear(b)
		return
	}
	if _, err := io.ReadFull(r.from, b); err != nil {
		clear(b)
		r.fail(err)
	}
}

// ReadByte is for [binary.ReadUvarint].
func (r *reader) ReadByte() (byte, error) {
	var b [1]byte
	r.full(b[:])
	return b[0], r.err
}

func (r *reader) byte() byte {
	b, _ := r.ReadByte() // the error is kept
	return b
}

func (r *reader) bool() bool { return r.byte() != 0 }

func (r *reader) uint64() uint64 {
	var b [8]byte
	r.full(b[:])
	return binary.LittleEndian.Uint64(b[:])
}

func (r *reader) uvarint() uint64 {
	n, err := binary.ReadUvarint(r)
	if err != nil {
		r.fail(err)
		return 0
	}
	return n
}

// uvarintUpTo reads a number that may be as large as limit.
func (r *reader) uvarintUpTo(limit uint64, what string) uint64 {
	n := r.uvarint()
	if n > limit {
		r.fail(fmt.Errorf("%s: %d is more than %d", what, n, limit))
		return 0
	}
	return n
}

func (r *reader) text(limit uint64, what string) string {
	var b proto.Buffer
	r.copy(&b, r.uvarintUpTo(limit, what))
	return string(b.Buf)
}

// copy takes n bytes over as they are. It makes room for what has come, not for n.
func (r *reader) copy(to *proto.Buffer, n uint64) {
	for n > 0 && r.err == nil {
		piece := min(n, 64<<10)
		at := len(to.Buf)
		to.Buf = append(to.Buf, make([]byte, piece)...)
		r.full(to.Buf[at:])
		n -= piece
	}
}

// packet reads which packet comes next; io.EOF is the end of the connection.
func (r *reader) packet() (proto.ClientCode, error) {
	r.compressed(false)
	if r.err != nil {
		return 0, r.err
	}
	if _, err := r.raw.Peek(1); err != nil {
		return 0, err
	}
	code := r.uvarintUpTo(1<<7, "packet")
	return proto.ClientCode(code), r.err
}
