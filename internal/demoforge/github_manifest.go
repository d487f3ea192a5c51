package demoforge

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
)

// manifest is what an App is made from. See
// https://docs.github.com/apps/sharing-github-apps/registering-a-github-app-from-a-manifest.
type manifest struct {
	Name     string `json:"name"`
	URL      string `json:"url"`
	Redirect string `json:"redirect_url"`
	SetupURL string `json:"setup_url"`
	Hook     struct {
		URL    string `json:"url"`
		Active *bool  `json:"active"`
	} `json:"hook_attributes"`
	Permissions map[string]string `json:"default_permissions"`
	Events      []string          `json:"default_events"`
}

// routeManifest registers the pages on which somebody makes an App from a
// manifest and installs it. Each has one button.
func (f *Forge) routeManifest() {
	page := buttonTemplate()
	for _, base := range []string{"/github/settings/apps", "/github/organizations/{org}/settings/apps"} {
		f.mux.HandleFunc("POST "+base+"/new", f.askForApp(page))
		f.mux.HandleFunc("GET "+base+"/new", f.askForApp(page))
		f.mux.HandleFunc("POST "+base, f.makeApp)
	}
	f.mux.HandleFunc("GET /github/apps/{slug}/installations/new", f.askToInstall(page))
	f.mux.HandleFunc("POST /github/apps/{slug}/installations", f.installApp)
}

// button is a page with a form of hidden fields.
type button struct {
	Title, Text, Action, Label string
	Fields                     map[string]string
	Choices                    []string // organisations
}

func (f *Forge) askForApp(page *template.Template) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		text := r.FormValue("manifest")
		m, problem := readManifest(text)
		if problem != "" {
			http.Error(w, problem, http.StatusBadRequest)
			return
		}
		owner := r.PathValue("org")
		if owner == "" {
			owner = accountLogin
		}
		action := "/github/settings/apps"
		if r.PathValue("org") != "" {
			action = "/github/organizations/" + r.PathValue("org") + "/settings/apps"
		}
		show(w, page, button{
			Title: "Create GitHub App", Text: m.Name + " will belong to " + owner + ".", Action: action,
			Label:  "Create GitHub App",
			Fields: map[string]string{"manifest": text, "state": r.URL.Query().Get("state")},
		})
	}
}

func readManifest(text string) (m manifest, problem string) {
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		return m, "The manifest is missing or no JSON."
	}
	switch {
	case m.Name == "":
		return m, "Name can't be blank"
	case len(m.Name) > 34:
		return m, "Name is too long (maximum is 34 characters)"
	case !isAddress(m.URL):
		return m, "Url must be a valid URL"
	case !isAddress(m.Redirect):
		return m, "Redirect url must be a valid URL"
	case m.Hook.URL != "" && !isAddress(m.Hook.URL):
		return m, "Hook url must be a valid URL"
	}
	return m, ""
}

func (f *Forge) makeApp(w http.ResponseWriter, r *http.Request) {
	m, problem := readManifest(r.FormValue("manifest"))
	if problem != "" {
		http.Error(w, problem, http.StatusBadRequest)
		return
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	s := AppSettings{
		Name: m.Name, Owner: r.PathValue("org"), URL: m.URL, HookURL: m.Hook.URL, SetupURL: m.SetupURL,
		Events: m.Events, Permissions: m.Permissions,
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	a, err := f.addApp(s, key)
	if err != nil {
		http.Error(w, "Name is already taken", http.StatusUnprocessableEntity)
		return
	}
	if a.hook != nil && m.Hook.Active != nil {
		a.hook.active = *m.Hook.Active
	}
	code := randomHex(20)
	f.manifests[code] = a
	redirect(w, r, m.Redirect, map[string]string{"code": code, "state": r.FormValue("state")})
}

func (f *Forge) askToInstall(page *template.Template) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		defer f.mu.Unlock()
		a := f.app(r.PathValue("slug"))
		if a == nil {
			http.NotFound(w, r)
			return
		}
		b := button{
			Title: "Install " + a.settings.Name, Text: "It will see all repositories.", Label: "Install",
			Action: "/github/apps/" + a.slug + "/installations",
			Fields: map[string]string{"state": r.URL.Query().Get("state")},
		}
		if f.kind(a.settings.Owner) == "Organization" {
			b.Choices = append(b.Choices, a.settings.Owner)
		}
		for _, o := range f.ownersOf(GitHub) {
			if o.path != a.settings.Owner && f.kind(o.path) == "Organization" {
				b.Choices = append(b.Choices, o.path)
			}
		}
		show(w, page, b)
	}
}

func (f *Forge) installApp(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	a := f.app(r.PathValue("slug"))
	if a == nil || f.owners[nameKey(GitHub, r.FormValue("account"))] == nil {
		http.NotFound(w, r)
		return
	}
	id, _, err := a.install(r.FormValue("account"), nil)
	if err != nil {
		http.Error(w, err.Error(), http.StatusUnprocessableEntity)
		return
	}
	to := a.settings.SetupURL
	if to == "" {
		to = f.webURL(GitHub) + "/organizations/" + r.FormValue("account") + "/settings/installations/" + strconv.FormatInt(id, 10)
	}
	redirect(w, r, to, map[string]string{
		"installation_id": strconv.FormatInt(id, 10), "setup_action": "install", "state": r.FormValue("state"),
	})
}

// redirect sends the browser to an address with some more parameters; empty
// ones are left out.
func redirect(w http.ResponseWriter, r *http.Request, to string, add map[string]string) {
	u, err := url.Parse(to)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	q := u.Query()
	for name, value := range add {
		if value != "" {
			q.Set(name, value)
		}
	}
	u.RawQuery = q.Encode()
	http.Redirect(w, r, u.String(), http.StatusFound)
}

func show(w http.ResponseWriter, page *template.Template, b button) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	page.Execute(w, b) // an error means that the client has gone
}

func buttonTemplate() *template.Template {
	return template.Must(template.New("button").Parse(`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{{.Title}}</title>
<style>body { font: 16px/1.5 system-ui, sans-serif; max-width: 40rem; margin: 3rem auto; padding: 0 1rem }</style>
<p>The demo forge of Callboard, in GitHub's place</p>
<h1>{{.Title}}</h1>
<p>{{.Text}}</p>
<form method="post" action="{{.Action}}">
{{range $name, $value := .Fields}}<input type="hidden" name="{{$name}}" value="{{$value}}">
{{end}}{{with .Choices}}<p><label>On <select name="account">{{range .}}<option>{{.}}</option>{{end}}</select></label></p>
{{end}}<button type="submit">{{.Label}}</button>
</form>
</html>
`))
}
