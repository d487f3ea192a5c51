package ingest_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/callboard/callboard/ingest"
)

func TestMoment(t *testing.T) {
	ten := time.Date(2015, 1, 1, 10, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Time{
		`"2015-01-01T10:00:00Z"`:          ten,
		`"2015-01-01T12:00:00+02:00"`:     ten,
		`"2015-01-01T12:00:00+0200"`:      ten,
		`"2015-01-01T10:00:00.250Z"`:      ten.Add(250 * time.Millisecond),
		`"2015-01-01 10:00:00 UTC"`:       ten,
		`"2015-01-01 10:00:00.250 UTC"`:   ten.Add(250 * time.Millisecond),
		`"2015-01-01 12:00:00 +0200"`:     ten,
		`1420106400`:                      ten,
		`"2015-01-01 10:00:00 CET"`:       {}, // whose offset a name does not tell
		`"0001-01-01T00:00:00Z"`:          {},
		`"9999-12-31T23:59:59-01:00"`:     {}, // is in the year 10000
		`"yesterday"`:                     {},
		`""`:                              {},
		`null`:                            {},
		`-5`:                              {},
		`1e300`:                           {},
		`99999999999999`:                  {},
		`{"seconds": 1420106400}`:         {},
		`["2015-01-01T10:00:00Z"]`:        {},
		`"2015-01-01T10:00:00Z and then"`: {},
	} {
		m := ingest.Moment{Time: time.Now()}
		if err := json.Unmarshal([]byte(text), &m); err != nil || !m.Equal(want) {
			t.Errorf("%s is %s, %v, want %s", text, m.Time, err, want)
		}
	}
}

func FuzzMoment(f *testing.F) {
	f.Add([]byte(`"2015-01-01 10:00:00 UTC"`))
	f.Add([]byte(`1420106400`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var m ingest.Moment
		if json.Unmarshal(b, &m) != nil {
			return // no JSON at all
		}
		if _, err := json.Marshal(m.Time); err != nil {
			t.Errorf("%s is a time that cannot be written: %v", b, err)
		}
	})
}

func TestReadPayload(t *testing.T) {
	var v struct {
		Name  string
		Count int
		List  []string
		Inner struct{ Name string }
	}
	err := ingest.ReadPayload([]byte(`{"name": 7, "count": 1e99, "list": ["a", 2, "c"], "inner": {"name": "kept"}}`), &v)
	if err != nil || v.Name != "" || v.Count != 0 || v.Inner.Name != "kept" {
		t.Errorf("got %+v, %v", v, err)
	}
	if err := ingest.ReadPayload([]byte(`{"name": "x"`), &v); err == nil {
		t.Error("half an object is read")
	}
}

func TestShort(t *testing.T) {
	if got := ingest.Short(" two\n\twords "); got != "two words" {
		t.Errorf("got %q", got)
	}
	long := strings.Repeat("ü", 400)
	if got := ingest.Short(long); got != long[:600] {
		t.Errorf("it is cut to %d bytes", len(got))
	}
	if got := ingest.Short(long[:600]); got != long[:600] {
		t.Errorf("300 characters are cut to %d bytes", len(got))
	}
}
