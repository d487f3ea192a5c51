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
	"github.com/callboard/callboard/projections/agreements"
	"github.com/callboard/callboard/projections/scores"
	"github.com/callboard/callboard/scorecards"
)

// badgeAge is how long a badge may be kept: pages at a forge are read by many.
const badgeAge = "public, max-age=60"

// The colours of a badge whose words have none of their own.
const (
	badgeGray  = "#6b7280"
	badgeGreen = "#2f9e4f"
	badgeRed   = "#d1412f"
)

// badgeMetals and badgeSteps are those of levels that have none of their own, by name or else by
// place, as pages have them in the dark.
var (
	badgeMetals = map[string]string{"bronze": "#b37847", "silver": "#909ba7", "gold": "#cfa83a"}
	badgeSteps  = [...]string{"#6ba3dc", "#55b8ab", "#a98de0", "#93bf63", "#dc7fb1", "#8c97e6"}
)

// handleBadge handles "GET /api/scorecards/{name}/badge/{kind}/{namespace}/{name}.svg": how an
// entity stands, as a picture for its README. What is the matter is said by the picture, too,
// and with 200: a forge shows no picture that its proxy was answered anything else for.
func (a *API) handleBadge(c echo.Context) error {
	name, ok := strings.CutSuffix(c.Param("of"), ".svg")
	if !ok {
		return echo.ErrNotFound
	}
	ref := cardOf(c)
	e, ok := a.catalog(c).Get(ref.String())
	if !ok {
		return writeBadge(c, ref.Name, "no such card", badgeRed)
	}
	card, _ := scorecards.ParseCard(e.Entity)
	if card == nil {
		return writeBadge(c, e.Entity.Title(), "card cannot be read", badgeRed)
	}
	of := catalog.Ref{Kind: c.Param("kind"), Namespace: c.Param("namespace"), Name: name}.String()
	if _, ok := a.catalog(c).Get(of); !ok {
		return writeBadge(c, card.Title, "no such entity", badgeRed)
	}
	list, err := a.Scores.List(c.Request().Context(), scores.Query{Card: e.Ref, Entity: of})
	if err != nil {
		return err
	}
	if len(list) == 0 {
		return writeBadge(c, card.Title, "not judged", badgeGray)
	}
	says, color := standingText(card, list[0])
	return writeBadge(c, card.Title, says, cmp.Or(color, badgeGray))
}

// handleInitiativeBadge handles "GET /api/initiatives/{name}/badge.svg": how far an initiative
// is. What is the matter is said as by [API.handleBadge].
func (a *API) handleInitiativeBadge(c echo.Context) error {
	ref := scorecards.RefNamed(scorecards.KindInitiative, pathParam(c, "name"))
	e, ok := a.catalog(c).Get(ref.String())
	if !ok {
		return writeBadge(c, ref.Name, "no such initiative", badgeRed)
	}
	i, err := a.Agreements.Initiative(c.Request().Context(), a.catalog(c), momentOf(c), a.at(c), e)
	if err != nil {
		return err
	}
	if i == nil {
		return writeBadge(c, e.Entity.Title(), "initiative cannot be read", badgeRed)
	}
	says, color := progressText(i)
	return writeBadge(c, i.Title, says, color)
}

// progressText is how far an initiative is in words, and the colour of its state.
func progressText(i *agreements.Initiative) (says, color string) {
	done := fmt.Sprintf("%d of %d", i.Done, i.Asked)
	switch {
	case i.State == agreements.Draft:
		return "draft", badgeGray
	case i.Why != "" || i.State == agreements.Unmeasured:
		return "cannot be measured", badgeRed
	case i.State == agreements.Reached:
		return done + " · reached", badgeGreen
	case i.State == agreements.Missed:
		return done + " · missed", badgeRed
	case i.State == agreements.Closed:
		return done + " · closed", badgeGray
	case i.State == agreements.Unasked:
		return "nobody was asked", badgeGray
	case i.State == agreements.Planned:
		return "begins " + scorecards.DateOf(i.Start), badgeGray
	case i.Asked == 0:
		return "nobody is asked · due " + scorecards.DateOf(i.LastDay()), badgeGray
	case i.Done == i.Asked:
		color = badgeGreen
	}
	return done + " · due " + scorecards.DateOf(i.LastDay()), cmp.Or(color, badgeGray)
}

// writeBadge answers with a badge, or with 304 to who has it.
func writeBadge(c echo.Context, label, says, color string) error {
	h := c.Response().Header()
	h.Set("Cache-Control", badgeAge)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
	svg := []byte(badge(label, says, color))
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
	for i, l := range card.Levels {
		if l.Name == s.Level {
			color = cmp.Or(l.Color, badgeMetals[strings.ToLower(l.Name)], badgeSteps[i%len(badgeSteps)])
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
