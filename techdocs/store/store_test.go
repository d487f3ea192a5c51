package store_test

import (
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/techdocs"
	"github.com/callboard/callboard/techdocs/store"
)

func open(t *testing.T, path string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), path, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func blob(content string) string {
	id := sha1.Sum(fmt.Appendf(nil, "blob %d\x00%s", len(content), content))
	return hex.EncodeToString(id[:])
}

func TestBlobs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "docs-contents.db")
	s := open(t, path)
	// git hash-object gives this id.
	const id, content = "557db03de997c86a4a028e1ebd3a1ceb225be238", "Hello World\n"
	if _, err := s.Blob(t.Context(), id); fault.KindOf(err) != fault.NotFound {
		t.Errorf("of a content that is not here: %v", err)
	}
	long := sha256.Sum256(fmt.Appendf(nil, "blob %d\x00%s", len(content), content))
	for _, id := range []string{id, hex.EncodeToString(long[:])} {
		for range 2 { // twice is no error
			if err := s.Put(t.Context(), id, []byte(content)); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, wrong := range []string{blob("another"), "", "main"} {
		if err := s.Put(t.Context(), wrong, []byte(content)); fault.KindOf(err) != fault.Unavailable {
			t.Errorf("under the id %q: %v, want that it is refused", wrong, err)
		}
		if has, err := s.Has(t.Context(), wrong); has || err != nil {
			t.Errorf("has %q: %v, %v", wrong, has, err)
		}
	}
	for _, tt := range []struct {
		ids  []string
		want bool
	}{{nil, true}, {[]string{id, id, hex.EncodeToString(long[:])}, true}, {[]string{id, blob("another")}, false}} {
		if has, err := s.HasAll(t.Context(), tt.ids); has != tt.want || err != nil {
			t.Errorf("has all of %v: %v, %v", tt.ids, has, err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	again := open(t, path)
	if got, err := again.Blob(t.Context(), id); string(got) != content || err != nil {
		t.Errorf("after a restart: %q, %v", got, err)
	}
}

// What a site needs of a tree makes the same site, and pages that were rendered are
// not read again.
func TestSite(t *testing.T) {
	texts := map[string]string{
		"mkdocs.yml":    "site_name: Payments\n",
		"docs/index.md": "# Payments\n\n[code](../main.go) [lost](lost.md)\n",
	}
	path := filepath.Join(t.TempDir(), "docs-contents.db")
	s := open(t, path)
	var files []techdocs.File
	for name, text := range texts {
		files = append(files, techdocs.File{Path: name, Blob: blob(text)})
		if err := s.Put(t.Context(), blob(text), []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	files = append(files, techdocs.File{Path: "main.go"})
	check := func(s *store.Store) {
		t.Helper()
		site, err := s.Site(t.Context(), "payments", files)
		if err != nil {
			t.Fatal(err)
		}
		home := site.Home()
		if home == nil || !strings.Contains(home.Content.Body, "Payments") || home.Targets[0].Kind != techdocs.ToSource || home.Targets[1].Kind != techdocs.Nowhere {
			t.Errorf("the first page: %+v", home)
		}
		if again, err := s.Site(t.Context(), "payments", files); again != site || err != nil {
			t.Errorf("asked again: another site, %v", err)
		}
		if other, err := s.Site(t.Context(), "other", files); other == site || err != nil {
			t.Errorf("of another name: the same site, %v", err)
		}
	}
	check(s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	again := open(t, path)
	read := 0
	_, err := techdocs.Read(t.Context(), techdocs.Tree{Files: files, Read: func(ctx context.Context, name string) ([]byte, error) {
		if strings.HasSuffix(name, ".md") {
			read++
		}
		return []byte(texts[name]), nil
	}}, techdocs.Options{Cache: again.Pages()})
	if err != nil || read != 0 {
		t.Errorf("%d pages were read again after a restart, %v", read, err)
	}
	check(again)
	if _, err := again.Site(t.Context(), "x", []techdocs.File{{Path: "docs/index.md", Blob: blob("not here")}}); fault.KindOf(err) != fault.NotFound {
		t.Errorf("a site of what is not here: %v", err)
	}
}

// What the log names stays for good; what it does not, goes.
func TestSweep(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "docs-contents.db"))
	var all, named []string
	for i := range 1200 {
		text := fmt.Sprint("content ", i)
		if err := s.Put(t.Context(), blob(text), []byte(text)); err != nil {
			t.Fatal(err)
		}
		if all = append(all, blob(text)); i%3 > 0 {
			named = append(named, blob(text))
		}
	}
	asked := 0
	inLog := func(_ context.Context, ids []string) (of []string, _ error) {
		asked += len(ids)
		for _, id := range ids {
			if slices.Contains(named, id) {
				of = append(of, id)
			}
		}
		return of, nil
	}
	if _, err := s.Sweep(t.Context(), func(context.Context, []string) ([]string, error) { return nil, errors.New("away") }); err == nil {
		t.Error("it swept without knowing what is named")
	}
	if swept, err := s.Sweep(t.Context(), inLog); swept != 400 || err != nil {
		t.Errorf("swept %d, %v; want 400", swept, err)
	}
	for _, id := range all {
		if has, err := s.Has(t.Context(), id); has != slices.Contains(named, id) || err != nil {
			t.Fatalf("%s is here: %v, %v", id, has, err)
		}
	}
	asked = 0
	if swept, err := s.Sweep(t.Context(), inLog); swept+asked != 0 || err != nil {
		t.Errorf("at the next time it asked about %d and swept %d, %v", asked, swept, err)
	}
}
