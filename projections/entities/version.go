package entities

import (
	"encoding/binary"
	"strings"

	"github.com/klauspost/compress/s2"

	"github.com/callboard/callboard/projections/entities/index"
)

// packSet writes down the values under one key.
func packSet(terms []index.Term) string {
	var b []byte
	for _, t := range terms {
		switch {
		case t.Silent:
			b = binary.AppendUvarint(b, 0)
		case t.Text: // has no spelling
			b = append(binary.AppendUvarint(b, uint64(len(t.Value))+1), t.Value...)
		default:
			b = append(binary.AppendUvarint(b, uint64(len(t.Written))+1), t.Written...)
		}
	}
	return string(b)
}

// unpackSet reads what packSet wrote; silent values are so.
func unpackSet(set string, yield func(written string, silent bool) bool) bool {
	for len(set) > 0 {
		n, size := uvarint(set)
		set = set[size:]
		if n == 0 {
			if !yield("", true) {
				return false
			}
			continue
		}
		if !yield(set[:n-1], false) {
			return false
		}
		set = set[n-1:]
	}
	return true
}

// uvarint reads a number as [binary.Uvarint] does; what is read here was written here.
func uvarint(s string) (n uint64, size int) {
	for shift := 0; ; shift += 7 {
		b := s[size]
		size++
		n |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return n, size
		}
	}
}

// pack writes the text of a version as what differs from another one, if that is
// less than half of it.
func (l *line) pack(n uint32, own string) (whole uint32, packed string) {
	for i := int(n) - 1; i >= 0; i-- {
		v := &l.versions[i]
		if v.gone {
			continue
		}
		if d := difference(l.text(v.whole), own, ","); len(d) < len(own)/2 {
			return v.whole, d
		}
		break
	}
	return n, string(s2.Encode(nil, []byte(own)))
}

// packNote writes the note of a version as what differs from that of the whole one.
func (l *line) packNote(n, whole uint32, ns notes, packed string) string {
	if whole == n {
		return packed
	}
	return difference(ns.text(l.versions[whole].note), ns.text(packed), noteCuts)
}

// note is that of a version, as notes pack it.
func (l *line) note(n uint32, ns notes) string {
	v := &l.versions[n]
	if v.whole == n {
		return v.note
	}
	return ns.packText([]byte(patched(ns.text(l.versions[v.whole].note), v.note)))
}

// noteCuts are between the parts of addresses, too: these differ in one.
const noteCuts = ",/"

// text is that of a version. What was packed here can be unpacked.
func (l *line) text(n uint32) string {
	v := &l.versions[n]
	if v.whole != n {
		return patched(l.text(v.whole), v.text)
	}
	b, _ := s2.Decode(nil, []byte(v.text))
	return string(b)
}

// difference tells how to make a text of another one: literal text and parts of the
// other in turn, each part by its length and where it begins. Both are cut at some
// bytes, such as the comma, which is where members of JSON end.
func difference(base, text, cuts string) string {
	part := func(d []byte, from, n int) []byte {
		return binary.AppendUvarint(binary.AppendUvarint(d, uint64(n)), uint64(from)) //nolint:gosec // not negative
	}
	begins, ends := alike(base, text)
	d := part([]byte{0}, 0, begins)
	d = append(d, middle(base[:len(base)-ends], text[begins:len(text)-ends], cuts, begins)...)
	return string(part(append(d, 0), len(base)-ends, ends))
}

// alike is how long the same beginning and the same end of two texts are.
func alike(a, b string) (begins, ends int) {
	for begins < min(len(a), len(b)) && a[begins] == b[begins] {
		begins++
	}
	for ends < min(len(a), len(b))-begins && a[len(a)-1-ends] == b[len(b)-1-ends] {
		ends++
	}
	return begins, ends
}

// middle is difference of what is not alike: of base only pieces from one on are
// looked for.
func middle(base, text, cuts string, from int) string {
	at := map[string]int{} // of the pieces of base
	for from < len(base) {
		to := from + cut(base[from:], cuts)
		if piece := base[from:to]; len(piece) > 4 {
			at[piece] = from
		}
		from = to
	}
	var d []byte
	for literal, from := 0, 0; literal < len(text); {
		begin, found := 0, false
		for from < len(text) && !found {
			piece := text[from : from+cut(text[from:], cuts)]
			if begin, found = at[piece]; !found {
				from += len(piece)
			}
		}
		n := 0
		for found && from+n < len(text) && begin+n < len(base) && text[from+n] == base[begin+n] {
			n++
		}
		d = append(binary.AppendUvarint(d, uint64(from-literal)), text[literal:from]...) //nolint:gosec // a length
		d = binary.AppendUvarint(binary.AppendUvarint(d, uint64(n)), uint64(begin))      //nolint:gosec // a length
		from += n
		literal = from
	}
	return string(d)
}

// cut is how long the first piece of a text is.
func cut(text, cuts string) int {
	if i := strings.IndexAny(text, cuts); i >= 0 {
		return i + 1
	}
	return len(text)
}

// patched does what difference tells.
func patched(base, d string) string {
	var b strings.Builder
	number := func() int {
		n, size := uvarint(d)
		d = d[size:]
		return int(n) //nolint:gosec // a length
	}
	for len(d) > 0 {
		n := number()
		b.WriteString(d[:n])
		d = d[n:]
		n = number()
		from := number()
		b.WriteString(base[from : from+n])
	}
	return b.String()
}
