package native

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/ClickHouse/ch-go/proto"
)

// size of a block.
type size struct{ columns, rows uint64 }

// block takes a block over from one revision of the protocol to another: what stands
// before the columns and at their heads differs, what is in them does not. See
// https://clickhouse.com/docs/interfaces/formats/Native
func (r *reader) block(from int, to *proto.Buffer, in int) (s size, err error) {
	if proto.FeatureBlockInfo.In(from) {
		r.blockInfo()
	}
	s = size{r.uvarintUpTo(maxItems, "columns of a block"), r.uvarintUpTo(maxRows, "rows of a block")}
	if r.err != nil {
		return s, r.err
	}
	if proto.FeatureBlockInfo.In(in) {
		proto.BlockInfo{BucketNum: -1}.Encode(to)
	}
	to.PutUVarInt(s.columns)
	to.PutUVarInt(s.rows)
	for range s.columns {
		name, typ := r.text(maxName, "name of a column"), r.text(maxName, "type of a column")
		if proto.FeatureCustomSerialization.In(from) && r.bool() {
			r.fail(fmt.Errorf("column %.100q is written in a form of its own", name))
		}
		columnHead(to, in, name, typ)
		if s.rows > 0 && r.err == nil {
			r.column(to, parseType(typ), s.rows)
		}
		if r.err != nil {
			return s, fmt.Errorf("column %.100q of type %.100s: %w", name, typ, r.err)
		}
	}
	return s, nil
}

func columnHead(to *proto.Buffer, revision int, name, typ string) {
	to.PutString(name)
	to.PutString(typ)
	if proto.FeatureCustomSerialization.In(revision) {
		to.PutBool(false)
	}
}

func (r *reader) blockInfo() {
	for r.err == nil {
		switch field := r.uvarint(); field {
		case 0:
			return
		case 1:
			r.byte()
		case 2:
			var number [4]byte
			r.full(number[:])
		default:
			r.fail(fmt.Errorf("blocks have no field %d", field))
		}
	}
}

// column takes the values of a column over.
func (r *reader) column(to *proto.Buffer, t columnType, rows uint64) {
	r.prefix(to, t)
	r.values(to, t, rows)
}

// prefix is what columns with a dictionary, however deep, begin with.
func (r *reader) prefix(to *proto.Buffer, t columnType) {
	if t.name == "LowCardinality" {
		r.copy(to, 8)
		return
	}
	for _, of := range t.of {
		r.prefix(to, of)
	}
}

func (r *reader) values(to *proto.Buffer, t columnType, rows uint64) {
	if r.err != nil || rows == 0 {
		return
	}
	if n := t.width(); n > 0 {
		r.copy(to, rows*n)
		return
	}
	switch {
	case t.name == "String":
		for i := uint64(0); i < rows && r.err == nil; i++ {
			n := r.uvarintUpTo(maxText, "text")
			to.PutUVarInt(n)
			r.copy(to, n)
		}
	case t.name == "Nullable" && len(t.of) == 1:
		r.copy(to, rows)
		r.values(to, t.of[0], rows)
	case t.name == "LowCardinality" && len(t.of) == 1:
		r.dictionary(to, t.of[0])
	case t.name == "Array" && len(t.of) == 1, t.name == "Map" && len(t.of) == 2:
		inner := r.last(to, rows)
		for _, of := range t.of {
			r.values(to, of, inner)
		}
	case t.name == "Tuple":
		for _, of := range t.of {
			r.values(to, of, rows)
		}
	default:
		r.fail(errors.New("the ClickHouse of tests does not know this type"))
	}
}

// last takes offsets over, and returns the last.
func (r *reader) last(to *proto.Buffer, rows uint64) (n uint64) {
	for i := uint64(0); i < rows && r.err == nil; i++ {
		n = r.uint64()
		to.PutUInt64(n)
	}
	if n > maxRows {
		r.fail(fmt.Errorf("arrays have %d elements", n))
		return 0
	}
	return n
}

func (r *reader) dictionary(to *proto.Buffer, of columnType) {
	const own = 1 << 9 // the block has the words, too
	kind, words := r.uint64(), r.uint64()
	if r.err == nil && (kind&own == 0 || kind&0xff > 3 || words > maxRows) {
		r.fail(fmt.Errorf("%d words in a dictionary of kind %#x", words, kind))
	}
	to.PutUInt64(kind)
	to.PutUInt64(words)
	if of.name == "Nullable" && len(of.of) == 1 {
		of = of.of[0]
	}
	r.values(to, of, words)
	rows := r.uint64()
	if rows > maxRows {
		r.fail(fmt.Errorf("%d rows of a dictionary", rows))
	}
	to.PutUInt64(rows)
	if r.err == nil {
		r.copy(to, rows<<(kind&0xff))
	}
}

// columnType is the type of a column, taken apart.
type columnType struct {
	name string
	args []string
	of   []columnType // what it is made of
}

func parseType(text string) columnType {
	name, rest, _ := strings.Cut(text, "(")
	t := columnType{name: name, args: arguments(strings.TrimSuffix(rest, ")"))}
	switch name {
	case "Nullable", "LowCardinality", "Array", "Map", "Tuple":
		for _, arg := range t.args {
			// Elements of a tuple may have names.
			if space, paren := strings.IndexByte(arg, ' '), strings.IndexByte(arg, '('); name == "Tuple" && space > 0 && (paren < 0 || space < paren) {
				arg = arg[space+1:]
			}
			t.of = append(t.of, parseType(arg))
		}
	}
	return t
}

// arguments are parted by the commas that stand in no brackets and no quotes.
func arguments(text string) (all []string) {
	depth, quoted, from := 0, false, 0
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '\'':
			quoted = !quoted
		case quoted:
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == ',' && depth == 0:
			all, from = append(all, strings.TrimSpace(text[from:i])), i+1
		}
	}
	if last := strings.TrimSpace(text[from:]); last != "" {
		all = append(all, last)
	}
	return all
}

// width is how many bytes a value takes; 0 if that differs.
func (t columnType) width() uint64 {
	switch t.name {
	case "Bool", "UInt8", "Int8", "Enum8", "Nothing":
		return 1
	case "UInt16", "Int16", "Enum16", "Date":
		return 2
	case "UInt32", "Int32", "Float32", "DateTime", "Date32", "IPv4":
		return 4
	case "UInt64", "Int64", "Float64", "DateTime64":
		return 8
	case "UInt128", "Int128", "UUID", "IPv6":
		return 16
	case "UInt256", "Int256":
		return 32
	case "FixedString", "Decimal":
		if len(t.args) == 0 {
			return 0
		}
		n, err := strconv.ParseUint(t.args[0], 10, 16)
		if err != nil || t.name == "FixedString" {
			return n
		}
		return decimal(n)
	}
	return 0
}

// decimal is how many bytes a number of so many digits takes.
func decimal(digits uint64) uint64 {
	switch {
	case digits < 10:
		return 4
	case digits < 19:
		return 8
	case digits < 39:
		return 16
	default:
		return 32
	}
}
