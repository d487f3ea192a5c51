package checks_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/checks"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/internal/fault"
)

const blob = "ce013625030ba8dba906f756967f9e9ca394464a" // of "hello\n", as git hash-object has it

func TestBlobOf(t *testing.T) {
	for content, want := range map[string]string{"hello\n": blob, "": "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"} {
		if got, err := checks.BlobOf(strings.NewReader(content), int64(len(content))); got != want || err != nil {
			t.Errorf("%q is %s, %v, want %s", content, got, err, want)
		}
	}
}

func TestReadUpload(t *testing.T) {
	hello := base64.StdEncoding.EncodeToString([]byte("hello\n"))
	for _, tt := range []struct{ name, text, wrong string }{
		{"paths alone", `{"repository": "acme/payments", "files": [{"path": "a/b.yaml", "blob": "` + blob + `"}]}`, ""},
		{"a content needs no id", `{"repository": "acme/payments", "files": [{"path": "b.yaml", "content": "` + hello + `"}]}`, ""},
		{"no files", `{"repository": "acme/payments", "files": []}`, ""},
		{"no JSON", `{"repository": `, "what is sent is no such JSON"},
		{"no repository", `{"files": []}`, "repository: name it"},
		{"a path that leads out", `{"repository": "a/b", "files": [{"path": "../a", "blob": "` + blob + `"}]}`, `files[0].path: "../a" is no path`},
		{"an absolute path", `{"repository": "a/b", "files": [{"path": "/a", "blob": "` + blob + `"}]}`, `files[0].path`},
		{"a file twice", `{"repository": "a/b", "files": [{"path": "a", "blob": "` + blob + `"}, {"path": "a", "blob": "` + blob + `"}]}`, "files[1].path: a is there twice"},
		{"no id", `{"repository": "a/b", "files": [{"path": "a"}]}`, `files[0].blob: "" is not Git's id`},
		{"no base64", `{"repository": "a/b", "files": [{"path": "a", "content": "?"}]}`, "no such JSON"},
		{"no commit", `{"repository": "a/b", "commit": "main", "files": []}`, `commit: "main" is no SHA`},
		{"a large file", `{"repository": "a/b", "files": [{"path": "a", "content": "` + base64.StdEncoding.EncodeToString(make([]byte, checks.MaxContent+1)) + `"}]}`, "files[0].content: a has more than 1 MB"},
		{"too much", `{"repository": "` + strings.Repeat("a", checks.MaxUpload), "more than 16 MB"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			u, err := checks.ReadUpload(strings.NewReader(tt.text))
			switch {
			case tt.wrong == "" && err != nil:
				t.Fatal(err)
			case tt.wrong != "" && (fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), tt.wrong)):
				t.Errorf("got %v, want %s", err, tt.wrong)
			case tt.wrong == "" && len(u.Files) > 0 && u.Files[0].Blob != blob:
				t.Errorf("the id is %q, want %s", u.Files[0].Blob, blob)
			}
		})
	}
	many := bytes.NewBufferString(`{"repository": "a/b", "files": [{"path": "x", "blob": "` + blob + `"}`)
	for i := range checks.MaxFiles {
		fmt.Fprintf(many, `,{"path": "%d", "blob": "%s"}`, i, blob)
	}
	many.WriteString("]}")
	if _, err := checks.ReadUpload(many); fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), "files: 50001 are sent, and 50000 may be") {
		t.Errorf("more files than may be: %v", err)
	}
}

// What an upload lacks is asked for all at once; what is too large is said to be.
func TestWants(t *testing.T) {
	content := []byte("hello\n")
	u := &checks.Upload{Repository: "acme/payments", Files: []checks.Uploaded{
		{Path: "a", Blob: blob}, {Path: "b", Blob: blob, Content: &content}, {Path: "c", Blob: blob, Large: true}, {Path: "d", Blob: blob},
	}}
	p, sent := u.Proposal(ingest.Repository{ID: "7"}, time.Unix(0, 0), event.Actor{})
	files, err := p.Contents.Tree(t.Context(), p.Repository, p.Commit.SHA)
	if err != nil || len(files) != 4 || !ingest.IsSHA(p.Commit.SHA) {
		t.Fatalf("%d files at %s, %v", len(files), p.Commit.SHA, err)
	}
	for _, f := range files {
		got, err := p.Contents.Blob(t.Context(), p.Repository, f)
		if large := f.Path == "c"; large != (fault.KindOf(err) == fault.Invalid) {
			t.Errorf("%s: %v", f.Path, err)
		}
		if f.Path == "b" && string(got) != "hello\n" {
			t.Errorf("b holds %q", got)
		}
	}
	if diff := cmp.Diff([]string{"a", "d"}, sent.Wants()); diff != "" {
		t.Errorf("wants (-want +got):\n%s", diff)
	}
}

// Whatever is sent is taken, or refused with a reason; what is taken has ids of Git's and
// paths within the repository.
func FuzzReadUpload(f *testing.F) {
	f.Add([]byte(`{"repository": "acme/payments", "files": [{"path": "a", "blob": "` + blob + `", "content": "aGVsbG8K"}]}`))
	f.Add([]byte(`{"repository": 7, "files": {}}`))
	f.Add([]byte(`{"repository": "a", "files": [{"path": "a//b"}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		u, err := checks.ReadUpload(bytes.NewReader(text))
		if err != nil {
			if fault.KindOf(err) != fault.Invalid {
				t.Errorf("%q: %v is of kind %v", text, err, fault.KindOf(err))
			}
			return
		}
		for _, file := range u.Files {
			if !ingest.IsSHA(file.Blob) || strings.Contains(file.Path, "..") && strings.HasPrefix(file.Path, "..") || strings.HasPrefix(file.Path, "/") {
				t.Errorf("%q: %+v was taken", text, file)
			}
		}
	})
}
