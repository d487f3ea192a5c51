package checks

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha1" //nolint:gosec // Git names contents by it
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/internal/fault"
)

// The most that an upload may have.
const (
	MaxUpload  = 16 << 20 // bytes of its JSON
	MaxFiles   = 50_000
	MaxContent = 1 << 20 // bytes of a file
)

// unnamed stands for the commit of an upload that nobody names.
const unnamed = "0000000000000000000000000000000000000000"

// Upload is the files of a checkout, as somebody sends them. Contents may be left out: what
// is needed of them is asked for.
type Upload struct {
	Source     string     `json:"source,omitempty"` // empty: the only one that has the repository
	Repository string     `json:"repository"`       // full name
	Commit     string     `json:"commit,omitempty"` // SHA, for people
	Files      []Uploaded `json:"files"`
}

// Uploaded is a file of a checkout.
type Uploaded struct {
	Path string `json:"path"` // from the root of the repository, with slashes
	Blob string `json:"blob"` // Git's id of its content
	// Content is in base64; absent if it is not sent.
	Content *[]byte `json:"content,omitempty"`
	Large   bool    `json:"large,omitempty"` // it has more than may be sent
}

// BlobOf returns Git's id of a content.
func BlobOf(content io.Reader, size int64) (string, error) {
	h := sha1.New() //nolint:gosec // see the import
	fmt.Fprintf(h, "blob %d\x00", size)
	_, err := io.Copy(h, content)
	return hex.EncodeToString(h.Sum(nil)), err
}

// ReadUpload reads an upload in JSON. Errors are of kind fault.Invalid and say what is
// wrong.
func ReadUpload(r io.Reader) (*Upload, error) {
	text, err := io.ReadAll(io.LimitReader(r, MaxUpload+1))
	if err != nil {
		return nil, err
	}
	if len(text) > MaxUpload {
		return nil, fault.New(fault.Invalid, "what is sent has more than %d MB: send the contents of only those files that are asked for", MaxUpload>>20)
	}
	u := &Upload{}
	if err := json.Unmarshal(text, u); err != nil {
		return nil, fault.New(fault.Invalid, "what is sent is no such JSON: %v", err)
	}
	return u, u.check()
}

func (u *Upload) check() error {
	switch {
	case u.Repository == "":
		return fault.New(fault.Invalid, "repository: name it, as acme/payments")
	case len(u.Files) > MaxFiles:
		return fault.New(fault.Invalid, "files: %d are sent, and %d may be", len(u.Files), MaxFiles)
	case u.Commit != "" && !ingest.IsSHA(u.Commit):
		return fault.New(fault.Invalid, "commit: %q is no SHA of a commit", cut(u.Commit, 60))
	}
	seen := make(map[string]bool, len(u.Files))
	for i := range u.Files {
		f := &u.Files[i]
		switch {
		case !fs.ValidPath(f.Path) || f.Path == ".":
			return fault.New(fault.Invalid, "files[%d].path: %q is no path from the root of the repository", i, cut(f.Path, 200))
		case seen[f.Path]:
			return fault.New(fault.Invalid, "files[%d].path: %s is there twice", i, cut(f.Path, 200))
		case f.Content != nil && len(*f.Content) > MaxContent:
			return fault.New(fault.Invalid, "files[%d].content: %s has more than %d MB", i, cut(f.Path, 200), MaxContent>>20)
		case f.Content != nil:
			var err error // whatever was said
			if f.Blob, err = BlobOf(bytes.NewReader(*f.Content), int64(len(*f.Content))); err != nil {
				return err
			}
		case !ingest.IsSHA(f.Blob):
			return fault.New(fault.Invalid, "files[%d].blob: %q is not Git's id of a content", i, cut(f.Blob, 60))
		}
		seen[f.Path] = true
	}
	return nil
}

// Proposal makes a proposal of an upload: that a repository's default branch holds it, at a
// moment.
func (u *Upload) Proposal(repo ingest.Repository, at time.Time, by event.Actor) (ingest.Proposal, *Sent) {
	s := &Sent{files: make([]ingest.File, len(u.Files)), contents: map[string][]byte{}, large: map[string]bool{}, wants: map[string]bool{}}
	for i, f := range u.Files {
		s.files[i] = ingest.File{Path: f.Path, Blob: f.Blob}
		s.large[f.Path] = f.Large
		if f.Content != nil {
			s.contents[f.Path] = *f.Content
		}
	}
	return ingest.Proposal{Repository: repo, Contents: s, Commit: ingest.Commit{SHA: cmp.Or(u.Commit, unnamed), Author: by, Time: at}}, s
}

// Sent is the files of an upload, as [ingest.Contents].
type Sent struct {
	files    []ingest.File
	contents map[string][]byte
	large    map[string]bool

	mu    sync.Mutex
	wants map[string]bool
}

// Wants lists the files whose contents were asked for and not sent: without them the
// outcome says nothing.
func (s *Sent) Wants() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Keys(s.wants))
}

// Tree implements [ingest.Contents].
func (s *Sent) Tree(context.Context, ingest.Repository, string) ([]ingest.File, error) {
	return slices.Clone(s.files), nil
}

// Blob implements [ingest.Contents]; fault.Invalid for what is too large. What was not sent is empty, and taken note of: so all
// that is needed is asked for at once.
func (s *Sent) Blob(_ context.Context, _ ingest.Repository, f ingest.File) ([]byte, error) {
	if content, ok := s.contents[f.Path]; ok {
		return content, nil
	}
	if s.large[f.Path] {
		return nil, fault.New(fault.Invalid, "%s has more than %d MB", f.Path, MaxContent>>20)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wants[f.Path] = true
	return nil, nil
}
