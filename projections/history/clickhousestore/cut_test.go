package clickhousestore_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/sync/errgroup"

	"github.com/callboard/callboard/internal/clickhousetest"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/history"
	"github.com/callboard/callboard/projections/history/clickhousestore"
	"github.com/callboard/callboard/projections/history/historytest"
)

// Wherever writing is cut off, nothing of the batch is there, or all of it; to write
// it again, in other batches, gives what was never cut off.
func TestWritingIsCutOff(t *testing.T) {
	server := clickhousetest.Start(t)
	rows := historytest.Rows(t, 60)
	write := func(s *clickhousestore.Store, parts ...[]history.Row) map[string]any {
		t.Helper()
		for _, part := range parts {
			if err := s.Append(t.Context(), part); err != nil {
				t.Fatal(err)
			}
		}
		return historytest.Answers(t, s)
	}
	half, all := open(t, server.Database(t)), open(t, server.Database(t))
	before, after := write(half, rows[:30]), write(all, rows)

	for _, c := range everywhere("events_by_subject", "events", "newest") {
		for _, answered := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s %s, answered %v", c.protocol, c.at, answered), func(t *testing.T) {
				database := server.DatabaseOver(t, c.protocol)
				want := write(open(t, database), rows[:30])
				through := open(t, between(t, database, &cut{at: "INSERT INTO " + c.at + " ", answered: answered}))
				if err := through.Append(t.Context(), rows[30:]); fault.KindOf(err) != fault.Unavailable {
					t.Fatalf("what was cut off: %v, want an error of kind unavailable", err)
				}
				if c.at == "newest" && answered {
					want = after // it had all arrived
				}
				if d := cmp.Diff(want, historytest.Answers(t, through), cmpopts.EquateEmpty()); d != "" {
					t.Errorf("after the cut (-want +got):\n%s", d)
				}
				if d := cmp.Diff(after, write(through, rows[20:50], rows[30:]), cmpopts.EquateEmpty()); d != "" {
					t.Errorf("written again (-want +got):\n%s", d)
				}
			})
		}
	}
	if cmp.Equal(before, after) {
		t.Error("these rows prove nothing")
	}
}

// everywhere is each of some places, over each protocol.
func everywhere(places ...string) (all []struct{ protocol, at string }) {
	for _, protocol := range clickhousetest.Protocols() {
		for _, at := range places {
			all = append(all, struct{ protocol, at string }{protocol, at})
		}
	}
	return all
}

// Two portals that write at once come to what one writes.
func TestTwoWrite(t *testing.T) {
	server := clickhousetest.Start(t)
	rows := historytest.Rows(t, 60)
	alone := open(t, server.Database(t))
	if err := alone.Append(t.Context(), rows); err != nil {
		t.Fatal(err)
	}
	database := server.Database(t)
	var both errgroup.Group
	// One of them speaks the one protocol, and one the other.
	name := database[strings.LastIndex(database, "/")+1:]
	for i, size := range []int{7, 10} {
		s := open(t, server.URL(clickhousetest.Protocols()[i], name))
		both.Go(func() error {
			for from := 0; from < len(rows); from += size {
				if err := s.Append(t.Context(), rows[from:min(from+size, len(rows))]); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := both.Wait(); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(historytest.Answers(t, alone), historytest.Answers(t, open(t, database)), cmpopts.EquateEmpty()); d != "" {
		t.Errorf("(-one +two):\n%s", d)
	}
}

func TestNobodyAnswers(t *testing.T) {
	gone := httptest.NewServer(http.NotFoundHandler())
	address := strings.TrimPrefix(gone.URL, "http://")
	gone.Close()
	for _, protocol := range clickhousetest.Protocols() {
		s := open(t, protocol+"://writer:open-sesame@"+address+"/history")
		_, err := s.Position(t.Context())
		if fault.KindOf(err) != fault.Unavailable || !strings.Contains(err.Error(), "ClickHouse at "+address+" cannot be reached") || strings.Contains(err.Error(), "sesame") {
			t.Errorf("%s: %v", protocol, err)
		}
	}
}

func TestParse(t *testing.T) {
	for _, tt := range []struct{ url, protocol, address, user, database string }{
		{"http://ch", "http", "ch:8123", "default", "callboard"},
		{"http://writer:secret@ch:8124/portal", "http", "ch:8124", "writer", "portal"},
		{"https://[::1]/portal", "http", "[::1]:8443", "default", "portal"},
		{"https://ch/portal", "http", "ch:8443", "default", "portal"},
		{"clickhouse://ch/portal", "native", "ch:9000", "default", "portal"},
		{"clickhouse://ch1,ch2:9001/portal", "native", "ch1:9000", "default", "portal"},
	} {
		o, err := clickhousestore.Parse(tt.url)
		if err != nil {
			t.Errorf("%s: %v", tt.url, err)
			continue
		}
		user := o.Auth.Username
		if user == "" {
			user = "default"
		}
		if o.Protocol.String() != tt.protocol || o.Addr[0] != tt.address || user != tt.user || o.Auth.Database != tt.database {
			t.Errorf("%s is %s %v, user %q, database %q", tt.url, o.Protocol, o.Addr, user, o.Auth.Database)
		}
	}
	for _, wrong := range []string{"", "ch:8123", "mysql://ch/portal", "http:///portal", "http://writer:pass/word@ch/portal", "http://writer:pass%zz@ch/portal", "http://ch/portal?dial_timeout=soon"} {
		_, err := clickhousestore.Parse(wrong)
		if fault.KindOf(err) != fault.Invalid || strings.Contains(err.Error(), "pass%zz") || strings.Contains(err.Error(), "pass/") {
			t.Errorf("%s: %v, want an error of kind invalid", wrong, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"http://writer:secret@ch:8124/portal?compress=zstd", "clickhouse://ch1,ch2/x?secure=true", "https://[::1]/", "http://a:b#c@d"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		o, err := clickhousestore.Parse(text)
		if err != nil && fault.KindOf(err) != fault.Invalid {
			t.Errorf("an error of kind %s: %v", fault.KindOf(err), err)
		}
		if err == nil && (len(o.Addr) == 0 || o.Auth.Database == "") {
			t.Errorf("%q is %+v", text, o)
		}
	})
}
