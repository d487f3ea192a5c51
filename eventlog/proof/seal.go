package proof

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
)

// Head is what a seal signs: the first Size events of a log, by the root of their
// tree. Written down it is a checkpoint (https://c2sp.org/tlog-checkpoint): a line
// each for the log's name, Size and Root.
type Head struct {
	Log  string // its name, and that of the key
	Size uint64
	Root Hash
}

func (h Head) text() string { return fmt.Sprintf("%s\n%d\n%s\n", h.Log, h.Size, h.Root) }

// Seal is a signed head, as an event of the log has it.
type Seal struct {
	Head
	Position eventlog.Position // of the event; 0 = there is none
	Recorded time.Time
	Note     string // the head with its signature
	Signer   string // name and number of the key: "acme-callboard+3c9f1a07"
}

// Key signs heads.
type Key struct {
	signer note.Signer
	public string
}

// NewKey makes a key for the log of a name, as text. The name must neither be empty
// nor hold spaces or plus signs.
func NewKey(name string) (secret string, err error) {
	secret, _, err = note.GenerateKey(rand.Reader, name)
	if err == nil {
		_, err = ParseKey(secret)
	}
	return secret, err
}

// ParseKey reads a key from what [NewKey] returned. Errors tell nothing of it.
func ParseKey(secret string) (Key, error) {
	secret = strings.TrimSpace(secret)
	signer, err := note.NewSigner(secret)
	if err != nil {
		return Key{}, fault.New(fault.Invalid, "this is no key of a log: it begins with PRIVATE+KEY+, then come a name, a number and the key itself")
	}
	parts := strings.SplitN(secret, "+", 5) // of which only the last may hold plus signs
	b, err := base64.StdEncoding.DecodeString(parts[len(parts)-1])
	if err != nil || len(b) != 1+ed25519.SeedSize { // a byte for the kind of key comes first
		return Key{}, fault.New(fault.Invalid, "this key of a log is of a kind that is not known here")
	}
	public, ok := ed25519.NewKeyFromSeed(b[1:]).Public().(ed25519.PublicKey)
	if !ok {
		return Key{}, errors.New("a private key has no public one")
	}
	text, err := note.NewEd25519VerifierKey(signer.Name(), public)
	return Key{signer, text}, err
}

// Name returns the name of the key, and of its log.
func (k Key) Name() string { return k.signer.Name() }

// Public returns what everybody may know: the text that [ParsePublic] takes.
func (k Key) Public() string { return k.public }

// Sign returns the head as a signed note.
func (k Key) Sign(size uint64, root Hash) (string, error) {
	b, err := note.Sign(&note.Note{Text: Head{k.Name(), size, root}.text()}, k.signer)
	return string(b), err
}

// Public is what signatures are checked with: one key, or several where a log was
// sealed with one after the other.
type Public struct{ keys note.Verifiers }

// ParsePublic reads public keys. Errors are of kind fault.Invalid.
func ParsePublic(texts ...string) (Public, error) {
	all := make([]note.Verifier, len(texts))
	for i, text := range texts {
		v, err := note.NewVerifier(strings.TrimSpace(text))
		if err != nil {
			return Public{}, fault.New(fault.Invalid, "this is no public key of a log, which is a name, a number and the key itself with plus signs in between: callboard verify --print-key prints it")
		}
		all[i] = v
	}
	return Public{note.VerifierList(all...)}, nil
}

// ReadHead reads a signed note, and who signed it. Errors are of kind fault.Invalid:
// the text is no head, or none of the keys has signed it.
func (p Public) ReadHead(signed string) (h Head, signer string, err error) {
	n, err := open(signed, p)
	if err != nil {
		return h, "", err
	}
	if h, err = parseHead(n.Text); err != nil {
		return h, "", err
	}
	if name := n.Sigs[0].Name; name != h.Log {
		return h, "", fault.New(fault.Invalid, "it is a head of the log %q and signed by the key of %q", h.Log, name)
	}
	return h, signerOf(n.Sigs), nil
}

// PeekHead reads a signed note without looking at the signature: for what was
// checked when it was written, or is shown to be checked by others.
func PeekHead(signed string) (h Head, signer string, err error) {
	_, err = note.Open([]byte(signed), note.VerifierList())
	var unverified *note.UnverifiedNoteError
	if !errors.As(err, &unverified) {
		return h, "", fault.New(fault.Invalid, "it is no signed note: %w", err)
	}
	h, err = parseHead(unverified.Note.Text)
	return h, signerOf(unverified.Note.UnverifiedSigs), err
}

func parseHead(text string) (Head, error) {
	lines := strings.Split(text, "\n")
	if len(lines) != 4 {
		return Head{}, fault.New(fault.Invalid, "a head is three lines: the name of the log, how many events, and the root of their tree")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 1 || strconv.FormatInt(size, 10) != lines[1] {
		return Head{}, fault.New(fault.Invalid, "the second line of a head is how many events it covers, and not %q", lines[1])
	}
	root, err := tlog.ParseHash(lines[2])
	if err != nil {
		return Head{}, fault.New(fault.Invalid, "the third line of a head is a hash in base64, and not %q", lines[2])
	}
	return Head{lines[0], uint64(size), root}, nil
}

func signerOf(sigs []note.Signature) string {
	if len(sigs) == 0 {
		return ""
	}
	return fmt.Sprintf("%s+%08x", sigs[0].Name, sigs[0].Hash)
}
