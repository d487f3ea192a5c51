package evidence

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"

	"github.com/callboard/callboard/eventlog/proof"
	"github.com/callboard/callboard/internal/fault"
)

// statementKind is what the note under an export says that it is about.
const statementKind = "evidence"

// version is that of the form of the file.
const version = 1

// head is the first line of a file.
type head struct {
	Evidence int `json:"evidence"` // version
	Report
	Entities int    `json:"entities"`
	Seal     string `json:"seal"` // a signed note: the events up to the last that counts are under it
}

// last is the last line of a file.
type last struct {
	Signature string `json:"signature"` // a signed note
}

// Signer signs what was written; a [proof.Key] does.
type Signer interface {
	SignStatement(kind string, d proof.Digest) (string, error)
}

// Write writes a report as lines of JSON: what was asked, then each entity, and at last
// a note that signs all lines before it. The seal covers the events that count.
func Write(w io.Writer, r Report, seal proof.Seal, key Signer) error {
	digest := sha256.New()
	out := json.NewEncoder(io.MultiWriter(w, digest))
	out.SetEscapeHTML(false)
	if err := out.Encode(head{version, r, len(r.Entities), seal.Note}); err != nil {
		return err
	}
	for _, e := range r.Entities {
		if err := out.Encode(e); err != nil {
			return err
		}
	}
	note, err := key.SignStatement(statementKind, proof.Digest(digest.Sum(nil)))
	if err != nil {
		return err
	}
	return json.NewEncoder(w).Encode(last{note})
}

// Verified is what a file says whose signature holds.
type Verified struct {
	Report   // without the entities
	Entities int
	Seal     proof.Head
	Signer   string
}

// Is reports whether a file begins as [Write] writes one.
func Is(begin []byte) bool {
	return bytes.HasPrefix(begin, fmt.Appendf(nil, `{"evidence":%d,`, version))
}

// Verify checks a file that [Write] wrote. Errors are of kind fault.Invalid.
func Verify(file []byte, keys proof.Public) (Verified, error) {
	body := bytes.TrimSuffix(file, []byte("\n"))
	cut := bytes.LastIndexByte(body, '\n') + 1
	var end last
	if len(body) == len(file) || cut == 0 || json.Unmarshal(body[cut:], &end) != nil || end.Signature == "" {
		return Verified{}, fault.New(fault.Invalid, "its last line is no signature: the file was cut off, or something was added")
	}
	signer, err := keys.CheckStatement(statementKind, end.Signature, sha256.Sum256(body[:cut]))
	if err != nil {
		return Verified{}, err
	}
	var h head
	first, _, _ := bytes.Cut(body, []byte("\n"))
	if err := json.Unmarshal(first, &h); err != nil {
		return Verified{}, fault.New(fault.Invalid, "line 1 tells nothing of what was asked: %w", err)
	}
	sealed, _, err := keys.ReadHead(h.Seal)
	if err != nil {
		return Verified{}, fault.New(fault.Invalid, "the seal in line 1: %w", err)
	}
	return Verified{h.Report, h.Entities, sealed, signer}, nil
}
