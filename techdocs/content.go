package techdocs

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/callboard/callboard/techdocs/markdown"
)

// Content is a page as it was rendered. It depends on nothing but the files that
// are in its key, and on no other page.
type Content struct {
	markdown.Document
	Decision *Decision `json:"decision,omitempty"` // if the page is a decision record
}

// Cache keeps content by its key. Keys are digests of all that content depends on,
// so that what a cache holds is never wrong; it may forget at any time.
type Cache interface {
	Get(key string) (*Content, bool)
	Put(key string, c *Content)
}

// noCache keeps nothing.
type noCache struct{}

// Get implements [Cache].
func (noCache) Get(string) (*Content, bool) { return nil, false }

// Put implements [Cache].
func (noCache) Put(string, *Content) {}

// renderVersion is part of every key: raise it with each change to what is rendered.
const renderVersion = "2"

// render renders all pages that the cache does not have.
func (s *Site) render(ctx context.Context, t files, cache Cache) error {
	if cache == nil {
		cache = noCache{}
	}
	renderers := map[markdown.Dialect]*markdown.Renderer{}
	total := 0
	for _, site := range s.layout.order {
		if err := ctx.Err(); err != nil {
			return err
		}
		src := s.layout.pages[site]
		r := renderers[src.mount.Dialect]
		if r == nil {
			r = markdown.New(src.mount.Dialect)
			renderers[src.mount.Dialect] = r
		}
		c, err := content(ctx, t, src, r, cache)
		if err != nil {
			return err
		}
		if total += len(c.Body) + 100*len(c.Links); total > MaxHTML {
			s.fail(Problem{File: src.Path, Line: 1, Code: CodeSite, Message: fmt.Sprintf("the pages up to this one become more than %d MB of HTML", MaxHTML>>20)})
			return nil
		}
		s.pages[site] = &Page{Path: site, URL: pageURL(site, s.Config.FlatURLs), Source: src.File, Content: c}
	}
	return nil
}

// content returns a page from the cache, or renders it. What a page includes is
// known only once it was rendered: the key of the page alone leads to that list,
// and the key of both to the content.
func content(ctx context.Context, t files, src source, r *markdown.Renderer, cache Cache) (*Content, error) {
	var text []byte
	blob := src.Blob
	if blob == "" {
		var err error
		if text, err = read(ctx, t, src.Path); err != nil {
			return nil, err
		}
		blob = digest(string(text))
	}
	dialect, err := json.Marshal(src.mount.Dialect)
	if err != nil {
		return nil, err
	}
	key := digest(renderVersion, string(dialect), src.Path, src.mount.docs(), src.mount.folder, blob)
	if c, ok := cache.Get(key); ok {
		if len(c.Includes) == 0 {
			return c, nil
		}
		if c, ok := cache.Get(withIncludes(key, t, c.Includes)); ok {
			return c, nil
		}
	}
	if text == nil {
		if text, err = read(ctx, t, src.Path); err != nil {
			return nil, err
		}
	}
	var failed error
	c := &Content{Document: *r.Render(src.Path, text, func(name string) (string, []byte, error) {
		at, err := src.mount.snippet(t, name)
		if err != nil {
			return at, nil, err
		}
		text, err := read(ctx, t, at)
		if err != nil {
			failed = errors.Join(failed, err)
		}
		return at, text, err
	})}
	if failed != nil {
		return nil, failed
	}
	if isDecision(src.Path) {
		d := ReadDecision(src.Path, text)
		c.Decision = &d
	}
	if len(c.Includes) > 0 {
		cache.Put(withIncludes(key, t, c.Includes), c)
		cache.Put(key, &Content{Document: markdown.Document{Includes: c.Includes}})
	} else {
		cache.Put(key, c)
	}
	return c, nil
}

func read(ctx context.Context, t files, name string) ([]byte, error) {
	text, err := t.Read(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return text, nil
}

func withIncludes(key string, t files, includes []string) string {
	parts := []string{key}
	for _, name := range includes {
		parts = append(parts, name, t.byPath[name].Blob)
	}
	return digest(parts...)
}

func digest(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// snippet finds the file that a page includes: by a path from the folder of
// mkdocs.yml or from the docs folder, and never outside of the docs folder. It
// returns the path also if there is no such file.
func (m *mount) snippet(t files, name string) (string, error) {
	name = strings.ReplaceAll(name, `\`, "/")
	docs := m.docs()
	at := path.Join(docs, name)
	for _, candidate := range []string{path.Join(m.folder, name), at} {
		if _, ok := below(candidate, docs); ok && !path.IsAbs(name) && t.has(candidate) {
			return candidate, nil
		}
	}
	if _, ok := below(at, docs); !ok || path.IsAbs(name) || t.has(path.Join(m.folder, name)) {
		return "", fmt.Errorf("it is outside of the docs folder %s: move it there", docs)
	}
	return at, fmt.Errorf("there is no such file in the docs folder %s", docs)
}
