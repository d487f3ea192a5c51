package api

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections"
	"github.com/callboard/callboard/projections/docs"
	"github.com/callboard/callboard/techdocs"
	"github.com/callboard/callboard/techdocs/mkdocs"
)

// techdocsMount is where the API of Backstage's TechDocs is: what plugin-techdocs-backend
// 2.3 answers to clients, with sites that are made when they are asked for.
const techdocsMount = "/api/techdocs"

const (
	docsMetadata   = "techdocs_metadata.json"
	annotationDocs = "backstage.io/techdocs-ref"
	// docsCookie is how long a client may think that it is signed in. Nobody signs in.
	docsCookie = time.Hour
)

// Docs is what is known of the documentation of entities.
type Docs interface {
	// Get returns how an entity's stood, or an error of kind fault.NotFound.
	Get(ctx context.Context, entity string, at projections.Moment) (docs.State, error)
	Published(ctx context.Context, at eventlog.Position) (event.DocsPublished, error)
}

// DocsContents is what the files of documentation hold.
type DocsContents interface {
	// Blob returns a content by Git's id, or an error of kind fault.NotFound.
	Blob(ctx context.Context, id string) ([]byte, error)
	// Published makes the site that was published.
	Published(ctx context.Context, p event.DocsPublished) (*techdocs.Site, error)
}

func (a *API) registerTechDocs(g routes) {
	const of = "/:namespace/:kind/:name"
	g.GET("/metadata/techdocs"+of, a.handleDocsMetadata, a.reads())
	g.GET("/metadata/entity"+of, a.handleDocsEntity, a.reads())
	g.GET("/sync"+of, a.handleDocsSync, takes())
	for _, rest := range []string{"", "/*"} {
		g.GET("/static/docs"+of+rest, a.handleDocsFile, a.moment) // whatever else is in the query is for the page
	}
	for _, at := range []string{"/cookie", "/.backstage/auth/v1/cookie"} {
		g.GET(at, a.handleDocsCookie)
	}
}

// docsRef is the entity that a path names.
func docsRef(c echo.Context) string {
	return catalog.Ref{Kind: pathParam(c, "kind"), Namespace: pathParam(c, "namespace"), Name: pathParam(c, "name")}.String()
}

// docsOf returns the documentation of an entity as it is shown.
func (a *API) docsOf(c echo.Context, ref string) (*docs.Shown, mkdocs.Build, error) {
	ctx, none := c.Request().Context(), mkdocs.Build{}
	if a.Docs == nil {
		return nil, none, fault.New(fault.NotFound, "this portal reads no documentation")
	}
	state, err := a.Docs.Get(ctx, ref, momentOf(c))
	if err != nil {
		return nil, none, err
	}
	if state.Shown == nil {
		return nil, none, fault.New(fault.NotFound, "the documentation of %s was never one that can be shown", ref)
	}
	p, err := a.Docs.Published(ctx, state.Shown.Position)
	if err != nil {
		return nil, none, err
	}
	site, err := a.Contents.Published(ctx, p)
	if err != nil {
		return nil, none, err
	}
	at := func(prefix string) func(string) string {
		return func(file string) string {
			if prefix == "" {
				return ""
			}
			return prefix + (&url.URL{Path: path.Join(p.Root, file)}).EscapedPath()
		}
	}
	return state.Shown, mkdocs.Build{Site: site, Edit: at(p.Edit), View: at(p.View)}, nil
}

// handleDocsMetadata handles "GET /api/techdocs/metadata/techdocs/:namespace/:kind/:name".
func (a *API) handleDocsMetadata(c echo.Context) error {
	ref := docsRef(c)
	shown, built, err := a.docsOf(c, ref)
	if _, ok := a.catalog(c).JSON(ref); !ok || fault.KindOf(err) == fault.NotFound {
		return fault.New(fault.NotFound, "Unable to get metadata for '%s'", ref)
	}
	if err != nil {
		return err
	}
	return writeJSON(c, http.StatusOK, newDocsMetadata(shown, built))
}

// docsMetadataJSON is what techdocs-node writes beside a site.
type docsMetadataJSON struct {
	SiteName        string   `json:"site_name"`
	SiteDescription string   `json:"site_description"`
	ETag            string   `json:"etag"`            // the commit
	BuildTimestamp  int64    `json:"build_timestamp"` // milliseconds
	Files           []string `json:"files"`
}

func newDocsMetadata(shown *docs.Shown, b mkdocs.Build) docsMetadataJSON {
	return docsMetadataJSON{
		SiteName: b.Site.Config.Name, SiteDescription: b.Site.Config.Description,
		ETag: shown.Commit, BuildTimestamp: shown.Since.UnixMilli(), Files: append(b.Names(), docsMetadata),
	}
}

// handleDocsEntity handles "GET /api/techdocs/metadata/entity/:namespace/:kind/:name": the
// entity, and where its documentation is.
func (a *API) handleDocsEntity(c echo.Context) error {
	ref := docsRef(c)
	text, ok := a.catalog(c).JSON(ref)
	var e map[string]any
	var annotations struct {
		Metadata struct {
			Annotations map[string]string `json:"annotations"`
		} `json:"metadata"`
	}
	if ok {
		b := text.AppendTo(nil)
		if err := json.Unmarshal(b, &e); err != nil {
			return err
		}
		if err := json.Unmarshal(b, &annotations); err != nil {
			return err
		}
	}
	typ, target, found := docsLocation(annotations.Metadata.Annotations)
	if !ok || !found {
		return fault.New(fault.NotFound, "Unable to get metadata for '%s'", ref)
	}
	e["locationMetadata"] = map[string]string{"type": typ, "target": target}
	return writeJSON(c, http.StatusOK, e)
}

// blobPage is the part of the address of a file's page that is "tree" in that of a folder.
var blobPage = regexp.MustCompile(`^(https?://[^/]+/.+?)/blob/`)

// docsLocation resolves where documentation is, as Backstage does: "dir:." from where the
// entity's descriptor or its sources are.
func docsLocation(annotations map[string]string) (typ, target string, ok bool) {
	typ, target, ok = strings.Cut(annotations[annotationDocs], ":")
	switch {
	case !ok || target == "":
		return "", "", false
	case typ == "url":
		return typ, target, true
	case typ != "dir":
		return "", "", false
	}
	base := cmp.Or(annotations["backstage.io/source-location"], annotations["backstage.io/managed-by-location"])
	kind, at, _ := strings.Cut(base, ":")
	switch kind {
	case "url":
		from, err := url.Parse(at)
		if err != nil {
			return "", "", false
		}
		to, err := from.Parse(target)
		if err != nil {
			return "", "", false
		}
		return "url", blobPage.ReplaceAllString(to.String(), "$1/tree/"), true
	case "file":
		return "dir", path.Join(path.Dir(at), target), true
	}
	return "", "", false
}

// handleDocsSync handles "GET /api/techdocs/sync/:namespace/:kind/:name". Pages are those of
// the last push, so that there is nothing to build and nothing that was updated. A log says
// why the newest commit is not shown, if that is so.
func (a *API) handleDocsSync(c echo.Context) error {
	ref := docsRef(c)
	if _, ok := a.catalog(c).JSON(ref); !ok {
		return fault.New(fault.NotFound, "Entity metadata UID missing")
	}
	type finish struct {
		Updated bool `json:"updated"`
	}
	accept := c.Request().Header.Get(echo.HeaderAccept)
	if strings.Contains(accept, echo.MIMEApplicationJSON) && !strings.Contains(accept, "text/event-stream") {
		return writeJSON(c, http.StatusOK, finish{})
	}
	var failure string
	if a.Docs != nil {
		state, err := a.Docs.Get(c.Request().Context(), ref, projections.Moment{})
		if err != nil && fault.KindOf(err) != fault.NotFound {
			return err
		}
		if f := state.Failure; f != nil {
			failure = fmt.Sprintf("%s:%d: %s", f.File, f.Line, f.Message)
		}
	}
	w := newStream(c, "text/event-stream")
	for _, e := range []struct {
		name string
		data any
		sent bool
	}{{"log", failure, failure != ""}, {"finish", finish{}, true}} {
		if !e.sent {
			continue
		}
		b, err := json.Marshal(e.data)
		if err != nil {
			return err
		}
		if err := w.line("event: %s\ndata: %s\n\n", e.name, b); err != nil {
			return err
		}
	}
	return w.flush()
}

// handleDocsFile handles "GET /api/techdocs/static/docs/:namespace/:kind/:name/*".
func (a *API) handleDocsFile(c echo.Context) error {
	at := c.Request().URL
	rest := pathParam(c, "*")
	triplet := strings.TrimSuffix(at.Path, rest)
	if lower := strings.ToLower(triplet); lower != triplet {
		return redirectTo(c, lower+rest)
	}
	ref := docsRef(c)
	if _, ok := a.catalog(c).JSON(ref); !ok {
		return fault.New(fault.NotFound, "Entity not found for %s", ref)
	}
	shown, built, err := a.docsOf(c, ref)
	if err != nil {
		return err
	}
	name := rest
	if name == "" && !strings.HasSuffix(at.Path, "/") {
		return redirectTo(c, at.Path+"/")
	}
	if name == "" || strings.HasSuffix(name, "/") {
		name += "index.html"
	}
	text, err := a.docsFile(c.Request().Context(), shown, built, name)
	if err != nil {
		return err
	}
	if text == nil {
		if page, err := built.File(name + "/index.html"); err != nil || page != nil {
			return cmp.Or(err, redirectTo(c, at.Path+"/"))
		}
		return fault.New(fault.NotFound, "the documentation of %s has no file %s", ref, name)
	}
	return writeDocsFile(c, name, text)
}

// docsFile returns a file of a site; nil if there is none.
func (a *API) docsFile(ctx context.Context, shown *docs.Shown, b mkdocs.Build, name string) ([]byte, error) {
	if name == docsMetadata {
		return json.Marshal(newDocsMetadata(shown, b))
	}
	if f, ok := b.Site.Files[name]; ok {
		text, err := a.Contents.Blob(ctx, f.Blob)
		if text == nil && err == nil {
			text = []byte{}
		}
		return text, err
	}
	return b.File(name)
}

// redirectTo sends a client to another path, with the query that it came with.
func redirectTo(c echo.Context, to string) error {
	u := url.URL{Path: to, RawQuery: c.Request().URL.RawQuery}
	return c.Redirect(http.StatusMovedPermanently, u.String())
}

// runnable are the endings of what browsers may run. Backstage serves such files as text,
// and its reader makes pages of it.
var runnable = regexp.MustCompile(`(?i)htm|xml|svg|appcache|manifest|mathml|owl|rdf|rng|vtt|xht|xsd|xsl`)

// writeDocsFile sends a file, or that it is the one that the client has.
func writeDocsFile(c echo.Context, name string, text []byte) error {
	typ, _ := techdocs.FileType(name)
	switch ending := path.Ext(name); {
	case runnable.MatchString(ending):
		typ = "text/plain; charset=utf-8"
	case strings.EqualFold(ending, ".json"):
		typ = contentJSON
	}
	sum := sha256.Sum256(text)
	h := c.Response().Header()
	h.Set(echo.HeaderContentType, typ)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("Cache-Control", "private, no-cache")
	h.Set("ETag", `"`+hex.EncodeToString(sum[:16])+`"`)
	http.ServeContent(c.Response(), c.Request(), "", time.Time{}, bytes.NewReader(text))
	return nil
}

// handleDocsCookie handles "GET /api/techdocs/cookie", and where newer clients ask for the
// same. Reading needs no cookie, so that none is set; clients want to know how long it is
// good for.
func (a *API) handleDocsCookie(c echo.Context) error {
	return writeJSON(c, http.StatusOK, map[string]string{"expiresAt": a.Now().Add(docsCookie).UTC().Format(time.RFC3339)})
}
