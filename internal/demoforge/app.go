package demoforge

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// AppSettings are what a GitHub App is made with.
type AppSettings struct {
	Name        string
	Owner       string // organisation that it belongs to; "" is the account of the token
	URL         string // its home page
	HookURL     string // where its deliveries go; "" is nowhere
	Secret      string // of its webhook; "" makes one up
	Events      []string
	Permissions map[string]string // "members": "read"; nil has all that is asked for here
	SetupURL    string            // where one is sent after it was installed
}

// App is a GitHub App.
type App struct {
	forge    *Forge
	id       int64
	slug     string
	settings AppSettings
	key      *rsa.PrivateKey
	hook     *hook // nil without a webhook
	created  time.Time
	secret   string // of OAuth, which nothing here asks for
}

// installation is an App in an organisation.
type installation struct {
	id        int64
	app       *App
	owner     *owner
	selected  []*Repository // with all unset
	all       bool
	suspended bool
	created   time.Time
}

// installationToken lasts an hour.
type installationToken struct {
	installation *installation
	expires      time.Time
}

// AddApp makes an App without the manifest flow.
func (f *Forge) AddApp(s AppSettings) (*App, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, fmt.Errorf("make the key of app %s: %w", s.Name, err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.addApp(s, key)
}

func (f *Forge) addApp(s AppSettings, key *rsa.PrivateKey) (*App, error) {
	slug := strings.Trim(strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, strings.ToLower(s.Name)), "-")
	if slug == "" || f.app(slug) != nil {
		return nil, fmt.Errorf("make app %q: it needs a name that no other has", s.Name)
	}
	if s.Owner == "" {
		s.Owner = accountLogin
	}
	if s.Secret == "" {
		s.Secret = randomHex(20)
	}
	a := &App{
		forge: f, id: firstApp + int64(len(f.apps)), slug: slug, settings: s, key: key,
		created: f.options.Now(), secret: randomHex(20),
	}
	if s.HookURL != "" {
		a.hook = &hook{provider: GitHub, app: a, url: s.HookURL, secret: s.Secret, active: true}
		a.hook.listen(s.Events)
		f.register(a.hook)
	}
	f.apps = append(f.apps, a)
	if a.hook != nil {
		f.ping(a.hook)
	}
	return a, nil
}

// firstApp is what apps are numbered from.
const firstApp = 990_001

func randomHex(bytes int) string {
	b := make([]byte, bytes)
	rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

func (f *Forge) app(slug string) *App {
	for _, a := range f.apps {
		if a.slug == slug {
			return a
		}
	}
	return nil
}

// Apps returns the Apps in the order in which they were made.
func (f *Forge) Apps() []*App {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.apps)
}

// ID is the App's number, which its tokens name as the issuer.
func (a *App) ID() int64 { return a.id }

// Slug is the App's name in addresses.
func (a *App) Slug() string { return a.slug }

// WebhookSecret signs the App's deliveries.
func (a *App) WebhookSecret() string { return a.settings.Secret }

// PEM is the App's private key, as the forge hands it out once.
func (a *App) PEM() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(a.key)}))
}

func (a *App) clientID() string { return fmt.Sprintf("Iv23li%014d", a.id) }

// Install puts the App into an organisation, for the repositories named or for
// all, those to come included. The delivery, installation.created, goes to the
// App alone. The number is the installation's.
func (a *App) Install(org string, only ...*Repository) (int64, Delivery, error) {
	a.forge.mu.Lock()
	defer a.forge.mu.Unlock()
	return a.install(org, only)
}

func (a *App) install(org string, only []*Repository) (int64, Delivery, error) {
	o := a.forge.ownerAt(GitHub, org)
	for _, i := range a.forge.installed {
		if i.app == a && i.owner == o {
			return 0, Delivery{}, fmt.Errorf("install %s on %s: it is installed there", a.slug, org)
		}
	}
	i := &installation{
		id: firstInstallation + a.forge.nextInstallation, app: a, owner: o, selected: only, all: len(only) == 0,
		created: a.forge.options.Now(),
	}
	a.forge.nextInstallation++
	a.forge.installed = append(a.forge.installed, i)
	d, err := i.told("installation", "created", jsonObject{"repositories": brief(i.repositories()), "requester": nil})
	return i.id, d, err
}

// firstInstallation is what installations are numbered from.
const firstInstallation = 51_000_001

// Uninstall removes the App from an organisation: installation.deleted.
func (a *App) Uninstall(org string) (Delivery, error) {
	return a.installed(org, func(i *installation) (Delivery, error) {
		a.forge.installed = slices.DeleteFunc(a.forge.installed, func(other *installation) bool { return other == i })
		for token, t := range a.forge.tokens {
			if t.installation == i {
				delete(a.forge.tokens, token)
			}
		}
		return i.told("installation", "deleted", jsonObject{"repositories": brief(i.repositories())})
	})
}

// Suspend takes the App's access away for a while, or gives it back:
// installation.suspend and installation.unsuspend.
func (a *App) Suspend(org string, suspended bool) (Delivery, error) {
	return a.installed(org, func(i *installation) (Delivery, error) {
		i.suspended = suspended
		action := "unsuspend"
		if suspended {
			action = "suspend"
		}
		return i.told("installation", action, jsonObject{"repositories": brief(i.repositories())})
	})
}

// Select chooses the repositories that an installation has; none is all. The
// deliveries are installation_repositories.added and, along with it or alone,
// removed.
func (a *App) Select(org string, only ...*Repository) (Delivery, error) {
	return a.installed(org, func(i *installation) (Delivery, error) {
		was := i.repositories()
		i.selected, i.all = only, len(only) == 0
		now := i.repositories()
		added := slices.DeleteFunc(slices.Clone(now), func(r *Repository) bool { return slices.Contains(was, r) })
		removed := slices.DeleteFunc(slices.Clone(was), func(r *Repository) bool { return slices.Contains(now, r) })
		var told []happening
		if len(added) > 0 || len(removed) == 0 {
			told = append(told, i.happening("installation_repositories", "added", i.moved(added, nil)))
		}
		if len(removed) > 0 {
			told = append(told, i.happening("installation_repositories", "removed", i.moved(nil, removed)))
		}
		return a.forge.tell(told[0], told[1:]...)
	})
}

func (a *App) installed(org string, do func(*installation) (Delivery, error)) (Delivery, error) {
	a.forge.mu.Lock()
	defer a.forge.mu.Unlock()
	for _, i := range a.forge.installed {
		if i.app == a && strings.EqualFold(i.owner.path, org) {
			return do(i)
		}
	}
	return Delivery{}, fmt.Errorf("app %s in %s: %w", a.slug, org, errNowhere)
}

// installedOn is the installation that something concerns, nil for none.
func (a *App) installedOn(about happening) *installation {
	for _, i := range a.forge.installed {
		if i.app == a && i.owner == about.owner && !i.suspended && (about.repo == nil || i.has(about.repo)) {
			return i
		}
	}
	return nil
}

func (i *installation) has(r *Repository) bool {
	return r.provider == GitHub && strings.EqualFold(r.owner(), i.owner.path) && (i.all || slices.Contains(i.selected, r))
}

func (i *installation) repositories() []*Repository {
	return slices.DeleteFunc(i.app.forge.below(i.owner), func(r *Repository) bool { return !i.has(r) })
}

func (i *installation) selection() string {
	if i.all {
		return "all"
	}
	return "selected"
}

func (i *installation) moved(added, removed []*Repository) jsonObject {
	return jsonObject{
		"repository_selection": i.selection(), "requester": nil,
		"repositories_added": brief(added), "repositories_removed": brief(removed),
	}
}

// brief are repositories as events about installations list them.
func brief(list []*Repository) []jsonObject {
	all := []jsonObject{}
	for _, r := range list {
		all = append(all, jsonObject{
			"id": r.id, "node_id": nodeID("R", r.id), "name": r.base(), "full_name": r.name, "private": r.settings.Private,
		})
	}
	return all
}

func (i *installation) told(event, action string, payload jsonObject) (Delivery, error) {
	return i.app.forge.tell(i.happening(event, action, payload))
}

// happening is about the installation, and for its App alone.
func (i *installation) happening(event, action string, payload jsonObject) happening {
	payload["action"] = action
	payload["installation"] = i.githubInstallation()
	payload["sender"] = i.app.forge.githubAccount(accountLogin, "User")
	return happening{provider: GitHub, event: event, action: action, owner: i.owner, app: i.app, payload: payload}
}

// short is the installation as other events name it.
func (i *installation) short() jsonObject {
	return jsonObject{"id": i.id, "node_id": nodeID("MDIzOkludGVncmF0aW9uSW5zdGFsbGF0aW9u", i.id)}
}

// appOf checks a JSON Web Token that an App signed with its key. See
// https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app.
func (f *Forge) appOf(token string) (*App, error) {
	undecodable := refusal{status: http.StatusUnauthorized, message: "A JSON web token could not be decoded"}
	parts := strings.Split(token, ".")
	var header struct {
		Alg string `json:"alg"`
	}
	var claims struct {
		Issuer  any     `json:"iss"`
		Issued  float64 `json:"iat"`
		Expires float64 `json:"exp"`
	}
	for i, into := range []any{&header, &claims} {
		b, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err != nil || json.Unmarshal(b, into) != nil {
			return nil, undecodable
		}
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil || header.Alg != "RS256" {
		return nil, undecodable
	}
	issuer, _ := claims.Issuer.(string)
	if n, ok := claims.Issuer.(float64); ok {
		issuer = strconv.FormatInt(int64(n), 10)
	}
	var app *App
	for _, a := range f.apps {
		if strconv.FormatInt(a.id, 10) == issuer || a.clientID() == issuer {
			app = a
		}
	}
	if app == nil {
		return nil, refusal{status: http.StatusNotFound, message: "Integration not found"}
	}
	digest := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if rsa.VerifyPKCS1v15(&app.key.PublicKey, crypto.SHA256, digest[:], signature) != nil {
		return nil, undecodable
	}
	now := float64(f.options.Now().Unix())
	switch {
	case claims.Issued > now:
		return nil, refusal{status: http.StatusUnauthorized, message: "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued"}
	case claims.Expires <= now:
		return nil, refusal{status: http.StatusUnauthorized, message: "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires"}
	case claims.Expires > now+600:
		return nil, refusal{status: http.StatusUnauthorized, message: "'Expiration time' claim ('exp') is too far in the future"}
	}
	return app, nil
}
