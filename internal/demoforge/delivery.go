package demoforge

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // GitHub still sends it beside SHA-256
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"hash/fnv"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/google/uuid"
)

// jsonObject is a JSON object.
type jsonObject = map[string]any

// Delivery is a webhook call that can be made now, later, several times or never.
type Delivery struct {
	Provider   Provider
	Repository string // full path at the time; "" for what is about none
	Owner      string // organisation or group; "" for what is about none
	Event      string // "push", "ping", "Push Hook", "System Hook"
	Action     string // GitHub's action; GitLab's action, status or event_name; "" where there is none
	ID         string // the same however often it is sent

	Ref, Before, After string // of pushes; the zero SHA for "not there"

	Header http.Header // without the signatures, which Request adds
	Body   []byte

	// Along is what the forge sends of the same thing to those who listen for
	// it: create beside the first push of a branch, public beside
	// repository.publicized, GitLab's Project Hook beside its system hook.
	Along []Delivery

	service Service
	now     func() time.Time
	about   happening
	payload []byte // Body, before it was put into a form
}

// happening is something to tell, before it is put in an envelope.
type happening struct {
	provider Provider
	event    string
	action   string
	repo     *Repository // nil when it is about none
	owner    *owner      // nil when it is about none
	payload  jsonObject
	reach    reach
	app      *App // of deliveries to one app alone

	ref, before, after string
}

// reach is which kinds of hooks are told.
type reach int

const (
	toRepository reach = 1 << iota
	toOwner
	toApps
	toInstance // GitLab's system hooks
)

// Request makes the HTTP request that delivers d to url, signed now.
func (d Delivery) Request(ctx context.Context, url string) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(d.Body))
	if err != nil {
		return nil, fmt.Errorf("deliver %s: %w", d.ID, err)
	}
	r.Header = d.Header.Clone()
	if d.Provider == GitHub {
		d.signGitHub(r.Header)
		return r, nil
	}
	return r, d.signGitLab(r.Header)
}

// Send delivers d to url and returns the status that was answered.
func (d Delivery) Send(ctx context.Context, client *http.Client, url string) (int, error) {
	r, err := d.Request(ctx, url)
	if err != nil {
		return 0, err
	}
	answer, err := client.Do(r)
	if err != nil {
		return 0, fmt.Errorf("deliver %s: %w", d.ID, err)
	}
	defer answer.Body.Close()
	// Read to the end, so that the connection is used again.
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		return 0, fmt.Errorf("deliver %s: read the answer: %w", d.ID, err)
	}
	return answer.StatusCode, nil
}

// signGitHub sets the signatures of
// https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries.
func (d Delivery) signGitHub(h http.Header) {
	if d.service.Secret == "" {
		return
	}
	key := []byte(d.service.Secret)
	h.Set("X-Hub-Signature", "sha1="+hex.EncodeToString(sign(sha1.New, key, d.Body)))
	h.Set("X-Hub-Signature-256", "sha256="+hex.EncodeToString(sign(sha256.New, key, d.Body)))
}

// signGitLab sets the secret token and, with a signing token, the headers of
// https://github.com/standard-webhooks/standard-webhooks.
func (d Delivery) signGitLab(h http.Header) error {
	if d.service.Secret != "" {
		h.Set("X-Gitlab-Token", d.service.Secret)
	}
	if d.service.SigningToken == "" {
		return nil
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(d.service.SigningToken, "whsec_"))
	if err != nil {
		return fmt.Errorf("deliver %s: the signing token is not whsec_ and base64: %w", d.ID, err)
	}
	at := strconv.FormatInt(d.now().Unix(), 10)
	h.Set("webhook-id", d.ID)
	h.Set("webhook-timestamp", at)
	signed := sign(sha256.New, key, []byte(d.ID+"."+at+"."), d.Body)
	h.Set("webhook-signature", "v1,"+base64.StdEncoding.EncodeToString(signed))
	return nil
}

func sign(algorithm func() hash.Hash, key []byte, parts ...[]byte) []byte {
	m := hmac.New(algorithm, key)
	for _, p := range parts {
		m.Write(p)
	}
	return m.Sum(nil)
}

// tell records what the forge sends, and puts it into the outbox of every hook
// that listens.
func (f *Forge) tell(h happening, along ...happening) (Delivery, error) {
	d, err := f.envelope(h)
	if err != nil {
		return Delivery{}, err
	}
	for _, one := range along {
		a, err := f.envelope(one)
		if err != nil {
			return Delivery{}, err
		}
		d.Along = append(d.Along, a)
	}
	f.deliveries = append(f.deliveries, d)
	f.dispatch(d)
	for _, a := range d.Along {
		f.dispatch(a)
	}
	return d, nil
}

// envelope wraps a payload. The id depends on nothing but what the repository
// or owner has been through, so that the same history played again has the same
// ids.
func (f *Forge) envelope(h happening) (Delivery, error) {
	subject, service := string(h.provider), f.options.GitHub
	d := Delivery{
		Provider: h.provider, Event: h.event, Action: h.action,
		Ref: h.ref, Before: h.before, After: h.after,
		Header: http.Header{"Content-Type": {"application/json"}}, now: f.options.Now,
	}
	if h.owner != nil {
		d.Owner = h.owner.path
		subject += " " + strconv.FormatInt(h.owner.id, 10)
	}
	if h.repo != nil {
		d.Repository, d.Owner = h.repo.name, h.repo.owner()
		subject = string(h.provider) + " " + strconv.FormatInt(h.repo.id, 10)
		h.owner = f.ownerAt(h.provider, h.repo.owner())
	}
	var err error
	if d.Body, err = json.Marshal(h.payload); err != nil {
		return Delivery{}, fmt.Errorf("encode %s of %s: %w", h.event, subject, err)
	}
	d.payload = d.Body
	h.payload = nil // as bytes it is a tenth of the size, and all are kept
	d.about = h
	f.sent[subject]++
	d.ID = stableUUID(h.event, subject, strconv.Itoa(f.sent[subject]), string(d.Body))
	if h.provider == GitLab {
		service = f.options.GitLab
		d.addressGitLab(f.options.URL, d.ID)
	} else {
		target, id := "organization", int64(0)
		if h.owner != nil {
			id = h.owner.id
		}
		d.addressGitHub(hookID, target, id)
	}
	d.service = service
	return d, nil
}

func stableUUID(parts ...string) string {
	return uuid.NewSHA1(uuid.NameSpaceOID, []byte(strings.Join(parts, "\x00"))).String()
}

// accountID is the number of a person or an organisation.
func accountID(login string) int64 {
	h := fnv.New32a()
	io.WriteString(h, strings.ToLower(login))
	return int64(h.Sum32() >> 1)
}

// push is what a moved ref means, before it is put in a provider's words.
type push struct {
	ref           plumbing.ReferenceName
	before, after plumbing.Hash
	by            Person
	head          *object.Commit // nil when the ref was deleted
	commits       []pushedCommit // that head has and before has not, oldest first
	forced        bool
	base          plumbing.ReferenceName // another ref at the same commit, for a new one
}

// pushedCommit is a commit of a push.
type pushedCommit struct {
	*object.Commit
	fresh bool // no ref had it before
}

func (p push) created() bool { return p.before.IsZero() }
func (p push) deleted() bool { return p.after.IsZero() }

// describe finds out what moving a ref means, before it is moved.
func (r *Repository) describe(ref plumbing.ReferenceName, before, after plumbing.Hash, by Person) (push, error) {
	p := push{ref: ref, before: before, after: after, by: by}
	if p.deleted() {
		return p, nil
	}
	head, err := r.objects.peel(after)
	if err != nil {
		return push{}, err
	}
	if p.head, err = r.objects.commit(head); err != nil {
		return push{}, err
	}
	if by == (Person{}) {
		by = Person{Name: p.head.Author.Name, Email: p.head.Author.Email}
	}
	if account, ok := r.forge.people[by.Email]; ok {
		by = account
	}
	p.by = by
	had, err := r.heads() // what is new on a new ref is what no ref had
	if err != nil {
		return push{}, err
	}
	fresh, _, _, err := r.objects.split([]plumbing.Hash{head}, had, true)
	if err != nil {
		return push{}, err
	}
	listed := fresh
	if p.created() {
		p.base = r.refAt(head)
	} else {
		from, err := r.objects.peel(before)
		if err != nil {
			return push{}, err
		}
		var lost []*object.Commit
		if listed, lost, _, err = r.objects.split([]plumbing.Hash{head}, []plumbing.Hash{from}, false); err != nil {
			return push{}, err
		}
		p.forced = len(lost) > 0
	}
	if listed, err = r.objects.ordered(head, listed); err != nil {
		return push{}, err
	}
	for _, c := range listed {
		p.commits = append(p.commits, pushedCommit{c, slices.Contains(fresh, c)})
	}
	return p, nil
}

// refAt finds a ref that points at a commit; of several the default branch,
// else the first by name.
func (r *Repository) refAt(h plumbing.Hash) plumbing.ReferenceName {
	if ref := plumbing.NewBranchReferenceName(r.settings.DefaultBranch); r.refs[ref] == h {
		return ref
	}
	var found plumbing.ReferenceName
	for ref, at := range r.refs {
		if at == h && (found == "" || ref < found) {
			found = ref
		}
	}
	return found
}

// touched sorts what a commit changed into the three lists of a payload. A
// merge lists nothing, as at the real forges.
func (r *Repository) touched(c *object.Commit, into jsonObject) error {
	added, modified, removed := []string{}, []string{}, []string{}
	if len(c.ParentHashes) < 2 {
		changes, err := r.objects.changesOf(c, false)
		if err != nil {
			return err
		}
		for _, change := range changes {
			switch change.status {
			case "added":
				added = append(added, change.path)
			case "removed":
				removed = append(removed, change.path)
			default:
				modified = append(modified, change.path)
			}
		}
	}
	into["added"], into["modified"], into["removed"] = added, modified, removed
	return nil
}
