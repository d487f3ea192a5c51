package api

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"html"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/projections/scores"
	"github.com/callboard/callboard/scorecards"
)

// badgeAge is how long a badge may be kept: pages at a forge are read by many.
const badgeAge = "public, max-age=60"

// handleBadge handles "GET /api/scorecards/{name}/badge/{kind}/{namespace}/{name}.svg": how
// an entity stands, as a picture for its README. That it does not stand anywhere is a
// picture, too, so that no README has a broken one.
func (a *API) handleBadge(c echo.Context) error {
	e, err := a.cardNamed(c)
	if err != nil {
		return err
	}
	card, _ := scorecards.ParseCard(e)
	name, ok := strings.CutSuffix(c.Param("of"), ".svg")
	if card == nil || !ok {
		return echo.ErrNotFound
	}
	ref := catalog.Ref{Kind: c.Param("kind"), Namespace: c.Param("namespace"), Name: name}
	list, err := a.Scores.List(c.Request().Context(), scores.Query{Card: e.Ref().String(), Entity: ref.String()})
	if err != nil {
		return err
	}
	says, color := "not judged", ""
	if len(list) > 0 {
		says, color = standingText(card, list[0])
	}
	h := c.Response().Header()
	h.Set("Cache-Control", badgeAge)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
	svg := []byte(badge(card.Title, says, cmp.Or(color, "#6b7280")))
	sum := sha256.Sum256(svg)
	tag := fmt.Sprintf(`"%x"`, sum[:8])
	h.Set("ETag", tag)
	if c.Request().Header.Get("If-None-Match") == tag {
		return c.NoContent(http.StatusNotModified)
	}
	return c.Blob(http.StatusOK, "image/svg+xml", svg)
}

// standingText is how an entity stands in words, and the colour of its level.
func standingText(card *scorecards.Card, s scores.Score) (says, color string) {
	if len(card.Levels) == 0 {
		return fmt.Sprintf("%v of %v", s.Points, s.Of), ""
	}
	for _, l := range card.Levels {
		if l.Name == s.Level {
			color = l.Color
		}
	}
	return cmp.Or(s.Level, "no level"), color
}

// badge draws a word beside another. Widths are of a common sans-serif, and the texts are
// made to fit them.
func badge(label, says, color string) string {
	width := func(s string) int { return 7*utf8.RuneCountInString(s) + 12 }
	if runes := []rune(label); len(runes) > 40 {
		label = string(runes[:39]) + "…"
	}
	l, s := width(label), width(says)
	title := html.EscapeString(label + ": " + says)
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" width="%[1]d" height="20" role="img" aria-label="%[2]s"><title>%[2]s</title>`+
		`<clipPath id="r"><rect width="%[1]d" height="20" rx="3"/></clipPath><g clip-path="url(#r)"><rect width="%[1]d" height="20" fill="#33373d"/><rect x="%[3]d" width="5" height="20" fill="%[4]s"/></g>`+
		`<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11"><text x="6" y="14" textLength="%[5]d" lengthAdjust="spacingAndGlyphs">%[6]s</text>`+
		`<text x="%[7]d" y="14" font-weight="bold" textLength="%[8]d" lengthAdjust="spacingAndGlyphs">%[9]s</text></g></svg>`,
		l+s+5, title, l, color, l-12, html.EscapeString(label), l+5+6, s-12, html.EscapeString(says))
}
