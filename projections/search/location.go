package search

import (
	"net/url"
	"strings"

	"github.com/callboard/callboard/catalog"
)

// Anchor is what a hit is called on the page that it leads to: a heading, or an operation;
// "" for the page as a whole.
func (h Hit) Anchor() string {
	if h.Type == Operations {
		return OperationAnchor(h.Verb, h.Name)
	}
	return h.Section
}

// OperationAnchor is what an operation is called on the page of its API's definition.
func OperationAnchor(verb, name string) string {
	return strings.Join(strings.Fields("op-"+verb+"-"+name), "-")
}

// Path is where a page is in its site, with the anchor.
func (h Hit) Path() string {
	path := (&url.URL{Path: h.URL}).EscapedPath()
	if anchor := h.Anchor(); anchor != "" {
		path += "#" + (&url.URL{Path: anchor}).EscapedPath()
	}
	return path
}

// Location is the address of a hit in the portal, and in Backstage.
func (h Hit) Location() string {
	ref, err := catalog.ParseRef(h.Ref, catalog.Ref{})
	if err != nil {
		return "/search"
	}
	below := "/" + url.PathEscape(ref.Namespace) + "/" + url.PathEscape(ref.Kind) + "/" + url.PathEscape(ref.Name)
	switch h.Type {
	case Pages:
		return "/docs" + below + "/" + h.Path()
	case Operations:
		return "/catalog" + below + "/definition" + h.Path()
	default:
		return "/catalog" + below
	}
}
