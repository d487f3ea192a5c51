package demoforge

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/pktline"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/storer"
	"github.com/go-git/go-git/v5/plumbing/transport"
	"github.com/go-git/go-git/v5/plumbing/transport/server"
	"github.com/go-git/go-git/v5/storage/memory"
)

// The two requests of a fetch, below the address of a repository. See
// https://git-scm.com/docs/http-protocol.
const (
	gitRefs       = "info/refs"
	gitUploadPack = "git-upload-pack"
)

// maxGitRequest is how long the list of what somebody wants may be, in bytes.
const maxGitRequest = 1 << 20

// git serves the repositories to be cloned and fetched, where their pages are; nobody
// can push. It reports false if a request is about something else.
func (f *Forge) git(p Provider, w http.ResponseWriter, r *http.Request) bool {
	name, what, ok := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"+string(p)+"/"), ".git/")
	if !ok || what != gitRefs && what != gitUploadPack {
		return false
	}
	answer, err := f.gitAnswer(p, name, what, r)
	var no refusal
	switch {
	case errors.As(err, &no):
		if no.status == http.StatusUnauthorized {
			w.Header().Set("WWW-Authenticate", `Basic realm="the demo forge"`)
		}
		http.Error(w, no.message, no.status)
	case err != nil:
		http.Error(w, err.Error(), http.StatusBadRequest)
	default:
		kind := "application/x-git-upload-pack-result"
		if what == gitRefs {
			kind = "application/x-git-upload-pack-advertisement"
		}
		w.Header().Set("Content-Type", kind)
		w.Header().Set("Cache-Control", "no-cache")
		w.Write(answer) // an error means that the client has gone
	}
	return true
}

// fetches serves what is fetched, and nothing else.
func (f *Forge) fetches(p Provider) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !f.git(p, w, r) {
			http.NotFound(w, r)
		}
	}
}

// gitAnswer says where the branches are, or is a pack of what is wanted. It is whole
// before the lock is let go of, since go-git's stores allow no reads beside it.
func (f *Forge) gitAnswer(p Provider, name, what string, r *http.Request) ([]byte, error) {
	if err := f.gitFault(r); err != nil {
		return nil, err
	}
	if what == gitRefs && r.URL.Query().Get("service") != gitUploadPack {
		return nil, refusal{status: http.StatusForbidden, message: "This forge can be read only."}
	}
	body, err := gitBody(r)
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	repo, err := f.gitRepository(p, name, r)
	if err != nil {
		return nil, err
	}
	session, err := server.NewServer(repo.gitStore()).NewUploadPackSession(nil, nil)
	if err != nil {
		return nil, err
	}
	var answer bytes.Buffer
	if what == gitRefs {
		refs, err := session.AdvertisedReferencesContext(r.Context())
		if err != nil {
			return nil, err
		}
		refs.Prefix = [][]byte{[]byte("# service=" + gitUploadPack), pktline.Flush}
		err = refs.Encode(&answer)
		return answer.Bytes(), err
	}
	// Whoever has something asks first which of it is known here. To say of none is
	// right, too: all is sent once they are done.
	if !bytes.HasSuffix(bytes.TrimSpace(body), []byte("done")) {
		err := pktline.NewEncoder(&answer).EncodeString("NAK\n")
		return answer.Bytes(), err
	}
	wants := packp.NewUploadPackRequest()
	if err := wants.Decode(bytes.NewReader(body)); err != nil {
		return nil, err
	}
	pack, err := session.UploadPack(r.Context(), wants)
	if err != nil {
		return nil, err
	}
	err = pack.Encode(&answer)
	return answer.Bytes(), err
}

// gitFault is what goes wrong with a request.
func (f *Forge) gitFault(r *http.Request) error {
	f.mu.Lock()
	choose := f.faults
	f.mu.Unlock()
	if choose == nil {
		return nil
	}
	fault := choose(r)
	if fault.Wait != nil {
		select {
		case <-fault.Wait:
		case <-r.Context().Done():
			return r.Context().Err()
		}
	}
	if fault.Status != 0 {
		return refusal{status: fault.Status, message: http.StatusText(fault.Status)}
	}
	return nil
}

// gitBody is what somebody has and wants.
func gitBody(r *http.Request) ([]byte, error) {
	body := io.Reader(r.Body)
	if r.Header.Get("Content-Encoding") == "gzip" {
		unzipped, err := gzip.NewReader(body)
		if err != nil {
			return nil, err
		}
		body = unzipped
	}
	return io.ReadAll(io.LimitReader(body, maxGitRequest))
}

// gitRepository finds a repository by a name that it has or had. The token is the
// password, whoever says so.
func (f *Forge) gitRepository(p Provider, name string, r *http.Request) (*Repository, error) {
	_, token, _ := r.BasicAuth()
	who, err := f.authenticate(f.dialects[p], token)
	if err != nil {
		return nil, err
	}
	repo := f.names[nameKey(p, name)]
	switch {
	case repo != nil && (&call{Request: r, forge: f, caller: who}).sees(repo):
		return repo, nil
	case token == "":
		return nil, refusal{status: http.StatusUnauthorized, message: "Authentication required"}
	}
	return nil, refusal{status: http.StatusNotFound, message: "Not Found"}
}

// gitStore is a repository as go-git's server reads it.
type gitStore struct {
	storer.EncodedObjectStorer
	memory.ReferenceStorage
}

// Load is that of a server's loader, which has just this one.
func (s gitStore) Load(*transport.Endpoint) (storer.Storer, error) { return s, nil }

func (r *Repository) gitStore() gitStore {
	refs := memory.ReferenceStorage{}
	for name, h := range r.refs {
		refs[name] = plumbing.NewHashReference(name, h)
	}
	refs[plumbing.HEAD] = plumbing.NewSymbolicReference(plumbing.HEAD, branchRef(r.settings.DefaultBranch))
	return gitStore{r.objects.git, refs}
}
