package api

import (
	"cmp"
	"context"
	"encoding/csv"
	"encoding/json"
	"io"
	"mime"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/parquet-go/parquet-go"

	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/history"
)

// exported is an event as a row of a table. Times are UTC; changes, data and extensions
// are JSON.
type exported struct {
	Position   uint64    `parquet:"position"`
	ID         string    `parquet:"id"`
	Type       string    `parquet:"type,dict"`
	Source     string    `parquet:"source,dict"`
	Subject    string    `parquet:"subject"`
	Time       time.Time `parquet:"time,timestamp(microsecond)"`
	RecordedAt time.Time `parquet:"recordedAt,timestamp(microsecond)"`
	Login      string    `parquet:"login,dict"`
	Name       string    `parquet:"name,dict"`
	Email      string    `parquet:"email,dict"`
	Delivery   string    `parquet:"delivery"`
	Commit     string    `parquet:"commit"`
	CommitURL  string    `parquet:"commitUrl"`
	Request    string    `parquet:"request"`
	Schedule   string    `parquet:"schedule"`
	Backfilled bool      `parquet:"backfilled"`
	Summary    string    `parquet:"summary"`
	Changes    string    `parquet:"changes"`
	Data       string    `parquet:"data"`
	Extensions string    `parquet:"extensions"`
}

func toExported(e history.Entry) (exported, error) {
	changes, err := json.Marshal(toEventJSON(e).Changes)
	if err != nil {
		return exported{}, err
	}
	extensions := []byte("{}")
	if len(e.Extensions) > 0 {
		extensions, err = json.Marshal(e.Extensions)
	}
	return exported{
		uint64(e.Position), e.ID, string(e.Type), e.Source, e.Subject, e.Time, e.Recorded, e.Actor.Login, e.Actor.Name, e.Actor.Email,
		e.Cause.Delivery, e.Cause.Commit, e.Cause.CommitURL, e.Cause.Request, e.Cause.Schedule, e.Backfilled, e.Summary, string(changes), string(e.Data), string(extensions),
	}, err
}

// table writes events one after the other.
type table interface {
	write(history.Entry) error
	close() error
}

// handleExport handles "GET /api/history/export": all events that filters select, the
// oldest first, up to the newest when it was asked for.
func (a *API) handleExport(c echo.Context) error {
	f, err := a.filterOf(c)
	if err != nil {
		return err
	}
	newest, err := a.History.Position(c.Request().Context())
	if err != nil {
		return err
	}
	f.Known = cmp.Or(min(f.Known, newest), newest)
	f.Oldest, f.ByTime, f.Whole, f.Uncounted, f.Limit = true, false, true, true, feedPage
	var contentType string
	var open func(io.Writer) table
	format := c.QueryParam("format")
	switch format {
	case "", "jsonl":
		format, contentType, open = "jsonl", "application/jsonl", newJSONLines
	case "csv":
		contentType, open = "text/csv; charset=utf-8", newCSV
	case "parquet":
		contentType, open = "application/vnd.apache.parquet", newParquet
	default:
		return fault.New(fault.Invalid, "format must be jsonl, csv or parquet, not %q", format)
	}
	name := "callboard-events-" + strconv.FormatUint(uint64(f.Known), 10) + "." + format
	c.Response().Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	w := newStream(c, contentType)
	if headOnly(c) {
		return nil
	}
	t := open(w)
	if err := a.export(c.Request().Context(), f, t); err != nil {
		// Half of a table must not pass for the whole: the connection is cut.
		a.Logger.WarnContext(c.Request().Context(), "export broken off", "error", err)
		return cut(c)
	}
	return nil
}

func (a *API) export(ctx context.Context, f history.Filter, t table) error {
	for {
		page, err := a.History.Events(ctx, f)
		if err != nil {
			return err
		}
		for _, e := range page.Entries {
			if err := t.write(e); err != nil {
				return err
			}
		}
		if page.Next == 0 {
			return t.close()
		}
		f.After = page.Next
	}
}

// cut ends a connection in the middle of an answer, so that its reader sees that it
// is not whole.
func cut(c echo.Context) error {
	conn, _, err := c.Response().Hijack()
	if err != nil {
		return err // of HTTP/2, whose reader is told by the server
	}
	return conn.Close()
}

type jsonLines struct{ *json.Encoder }

func newJSONLines(w io.Writer) table { return jsonLines{json.NewEncoder(w)} }

func (t jsonLines) write(e history.Entry) error { return t.Encode(toEventJSON(e)) }
func (t jsonLines) close() error                { return nil }

type csvTable struct {
	*csv.Writer
	head bool
}

func newCSV(w io.Writer) table { return &csvTable{Writer: csv.NewWriter(w)} }

func (t *csvTable) write(e history.Entry) error {
	row, err := toExported(e)
	if err != nil {
		return err
	}
	if err := t.begin(); err != nil {
		return err
	}
	return t.Write(guarded([]string{
		strconv.FormatUint(row.Position, 10), row.ID, row.Type, row.Source, row.Subject, row.Time.Format(time.RFC3339Nano), row.RecordedAt.Format(time.RFC3339Nano),
		row.Login, row.Name, row.Email, row.Delivery, row.Commit, row.CommitURL, row.Request, row.Schedule,
		strconv.FormatBool(row.Backfilled), row.Summary, row.Changes, row.Data, row.Extensions,
	}))
}

func (t *csvTable) begin() error {
	if t.head {
		return nil
	}
	t.head = true
	var names []string
	for _, c := range parquet.SchemaOf(exported{}).Columns() {
		names = append(names, c[0])
	}
	return t.Write(names)
}

func (t *csvTable) close() error {
	if err := t.begin(); err != nil {
		return err
	}
	t.Flush()
	return t.Error()
}

// groupLen is how many rows of a Parquet file are kept in memory.
const groupLen = 20_000

type parquetTable struct {
	*parquet.GenericWriter[exported]
	n int
}

func newParquet(w io.Writer) table {
	return &parquetTable{GenericWriter: parquet.NewGenericWriter[exported](w, parquet.Compression(&parquet.Zstd))}
}

func (t *parquetTable) write(e history.Entry) error {
	row, err := toExported(e)
	if err != nil {
		return err
	}
	if _, err := t.Write([]exported{row}); err != nil {
		return err
	}
	if t.n++; t.n%groupLen == 0 {
		return t.Flush()
	}
	return nil
}

func (t *parquetTable) close() error { return t.Close() }
