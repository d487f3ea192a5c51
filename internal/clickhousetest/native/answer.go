package native

import (
	"cmp"
	"context"
	"errors"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/ClickHouse/ch-go/compress"
	"github.com/ClickHouse/ch-go/proto"
)

// answer is what the client is told about a query.
type answer struct {
	*conn
	compressor *compress.Writer // nil: what it is told is not compressed
	told       proto.Profile
}

// end says that it was all, or what went wrong.
func (a *answer) end(err error) error {
	if err != nil {
		return a.fail(err)
	}
	var b proto.Buffer
	proto.ServerCodeEndOfStream.Encode(&b)
	return a.send(&b)
}

// run answers a statement that no data follow.
func (a *answer) run(ctx context.Context, s Session, query string, params map[string]string) error {
	blocks, to := io.Pipe()
	done := make(chan error, 1)
	go func() {
		err := s.Answer(ctx, query, params, to)
		to.CloseWithError(err)
		done <- err
	}()
	told := a.blocks(blocks)
	blocks.CloseWithError(told) // the engine stops
	if err := cmp.Or(<-done, told); err != nil {
		return err
	}
	if a.told.Blocks == 0 && s.Reads(query) {
		if columns, err := s.Describe("("+strings.TrimRight(query, "; \n")+")", params); err == nil {
			return a.head(columns)
		}
		return a.head(nil) // SHOW and the like
	}
	var b proto.Buffer
	proto.ServerCodeProgress.Encode(&b)
	proto.Progress{Rows: a.told.Rows, Bytes: a.told.Bytes}.EncodeAware(&b, revision)
	a.told.EncodeAware(&b, revision)
	return a.send(&b)
}

// blocks sends the blocks that the engine writes.
func (a *answer) blocks(from io.Reader) error {
	in := newReader(from)
	for {
		if _, err := in.raw.Peek(1); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		var b proto.Buffer
		n, err := in.block(0, &b, revision)
		if err != nil {
			return err
		}
		a.told.Blocks++
		a.told.Rows += n.rows
		a.told.Bytes += uint64(len(b.Buf))
		if err := a.block(&b); err != nil {
			return err
		}
	}
}

// head sends a block of no rows, which tells the columns.
func (a *answer) head(columns []Column) error {
	var b proto.Buffer
	proto.Block{Info: proto.BlockInfo{BucketNum: -1}, Columns: len(columns)}.EncodeAware(&b, revision)
	for _, c := range columns {
		columnHead(&b, revision, c.Name, c.Type)
	}
	return a.block(&b)
}

// block sends a block, which is written down in this revision.
func (a *answer) block(block *proto.Buffer) error {
	var b proto.Buffer
	proto.ServerCodeData.Encode(&b)
	b.PutString("") // of the answer, and no other table
	if a.compressor == nil {
		b.PutRaw(block.Buf)
		return a.send(&b)
	}
	for piece := range slices.Chunk(block.Buf, 1<<20) {
		if err := a.compressor.Compress(piece); err != nil {
			return err
		}
		b.PutRaw(a.compressor.Data)
	}
	return a.send(&b)
}

// into takes "INSERT INTO table (columns)" apart.
var into = regexp.MustCompile("(?is)^\\s*INSERT\\s+INTO\\s+(?:TABLE\\s+)?((?:`[^`]*`|[^\\s(`])+)\\s*(?:\\((.*)\\))?\\s*$")

// insert tells the client what columns the table has, and hands its blocks to the
// engine. All of them are read, whatever the engine says of the first.
func (c *conn) insert(a *answer, s Session, statement string, params map[string]string) error {
	columns, err := wanted(s, statement)
	if err != nil {
		return a.fail(err)
	}
	if err := a.head(columns); err != nil {
		return err
	}
	from, blocks := io.Pipe()
	done := make(chan error, 1)
	go func() {
		err := s.Insert(statement, params, from)
		from.CloseWithError(errors.Join(err, io.ErrClosedPipe))
		done <- err
	}()
	if err := c.takeBlocks(a.compressor != nil, blocks); err != nil {
		blocks.CloseWithError(err)
		return cmp.Or(err, <-done)
	}
	_ = blocks.Close() // it never fails
	return a.end(<-done)
}

func (c *conn) takeBlocks(compressed bool, to io.Writer) error {
	refused := false
	for {
		var b proto.Buffer
		n, err := c.data(compressed, &b)
		if err != nil || n == (size{}) {
			return err
		}
		if !refused {
			_, err := to.Write(b.Buf)
			refused = err != nil
		}
	}
}

// wanted are the columns that an INSERT names, or all.
func wanted(s Session, statement string) ([]Column, error) {
	m := into.FindStringSubmatch(statement)
	if m == nil {
		return nil, errors.New("Code: 62. DB::Exception: the ClickHouse of tests cannot read this INSERT. (SYNTAX_ERROR)")
	}
	columns, err := s.Describe(m[1], nil)
	if err != nil {
		return nil, err
	}
	if m[2] == "" {
		return slices.DeleteFunc(columns, func(c Column) bool { return c.Computed }), nil
	}
	var named []Column
	for _, name := range arguments(m[2]) {
		name = strings.Trim(name, "`\"")
		i := slices.IndexFunc(columns, func(c Column) bool { return c.Name == name })
		if i < 0 {
			return nil, errors.New("Code: 16. DB::Exception: No such column " + name + " in table " + m[1] + ". (NO_SUCH_COLUMN_IN_TABLE)")
		}
		named = append(named, columns[i])
	}
	return named, nil
}
