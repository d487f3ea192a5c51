package proof

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"github.com/callboard/callboard/internal/fault"
)

// A statement is a text that the key of a log has signed besides heads: something that
// follows from the log. The signed note says of what kind it is, and has the SHA-256 of
// the text. Its first line is in the form of an address, so that no head begins with it.

// Digest is the SHA-256 of a statement.
type Digest [sha256.Size]byte

func statement(kind string, d Digest) string {
	return fmt.Sprintf("callboard.dev/%s\n%s\n", kind, base64.StdEncoding.EncodeToString(d[:]))
}

// SignStatement returns a signed note about a text. The same text gives the same note.
func (k Key) SignStatement(kind string, d Digest) (string, error) {
	b, err := note.Sign(&note.Note{Text: statement(kind, d)}, k.signer)
	return string(b), err
}

// CheckStatement checks that a note is about a text of a kind, and tells who signed it.
// Errors are of kind fault.Invalid.
func (p Public) CheckStatement(kind, signed string, d Digest) (signer string, err error) {
	n, err := open(signed, p)
	if err != nil {
		return "", err
	}
	if !strings.HasPrefix(n.Text, "callboard.dev/"+kind+"\n") {
		return "", fault.New(fault.Invalid, "what is signed is something else than %s", kind)
	}
	if _, err := base64.StdEncoding.Strict().DecodeString(n.Sigs[0].Base64); err != nil {
		return "", fault.New(fault.Invalid, "its signature is not written as it was made: %w", err)
	}
	if n.Text != statement(kind, d) {
		return "", fault.New(fault.Invalid, "it is not what was signed: it was changed")
	}
	return signerOf(n.Sigs), nil
}

// open reads a signed note whose signature holds.
func open(signed string, p Public) (*note.Note, error) {
	n, err := note.Open([]byte(signed), p.keys)
	var unknown *note.UnverifiedNoteError
	switch {
	case errors.As(err, &unknown):
		return nil, fault.New(fault.Invalid, "it is signed with another key than the one it is checked with: %s", signerOf(unknown.Note.UnverifiedSigs))
	case err != nil:
		return nil, fault.New(fault.Invalid, "its signature is wrong, or it is no signed note: %w", err)
	}
	return n, nil
}
