package channels

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/projections/notices"
	"github.com/callboard/callboard/subscribers"
)

const (
	maxLine = 300 // how long what a line says may be, in characters
	// maxText is how long a message may be, in characters: Slack cuts it after 4,000, and
	// a link in two. There is room for a last line.
	maxText = 3900
)

// slack posts to an incoming webhook of Slack, or of a chat that takes the same.
// https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
type slack struct {
	channel *Channel
	client  *http.Client
}

// Send posts one message.
func (s *slack) Send(ctx context.Context, m subscribers.Message) subscribers.Answer {
	words, err := wordsOf(m.Records)
	if err != nil {
		return broken(err)
	}
	body, err := json.Marshal(map[string]any{"text": drawSlack(words), "mrkdwn": true, "unfurl_links": false, "unfurl_media": false})
	if err != nil {
		return broken(err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.channel.Address, bytes.NewReader(body))
	if err != nil {
		return subscribers.Answer{Verdict: subscribers.Unavailable, Reason: "the address of the channel is none"}
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	return subscribers.Do(s.client, req, m.At, timeout)
}

// broken is that a notice cannot be put together, which no retry mends.
func broken(err error) subscribers.Answer {
	return subscribers.Answer{Verdict: subscribers.Refused, Reason: err.Error()}
}

// wordsOf reads what records say; a channel in words is sent one at a time.
func wordsOf(records []eventlog.Record) (notices.Words, error) {
	var d Data
	err := json.Unmarshal(records[0].Data, &d)
	return d.Words, err
}

// drawSlack writes words in Slack's markup.
// https://docs.slack.dev/messaging/formatting-message-text
func drawSlack(w notices.Words) string {
	var b strings.Builder
	b.WriteString("*" + slackLink(w.Href, w.Headline) + "*")
	long := utf8.RuneCountInString(b.String())
	for _, l := range w.Lines {
		line := slackLine(l)
		if long += utf8.RuneCountInString(line); long > maxText {
			b.WriteString("\n• and more, which the portal has")
			break
		}
		b.WriteString(line)
	}
	return b.String()
}

func slackLine(l notices.Line) string {
	var b strings.Builder
	b.WriteString("\n• ")
	if l.Name != "" {
		b.WriteString(slackLink(l.Href, l.Name) + " ")
	}
	b.WriteString(slackText(l.Text))
	if l.Who != "" {
		b.WriteString(" by " + slackText(l.Who))
	}
	if l.Commit != "" {
		b.WriteString(" in commit " + slackLink(l.CommitURL, short(l.Commit)))
	}
	return b.String()
}

// slackText escapes what Slack takes for markup, and breaks what other chats, which read
// Markdown, take for a mention or a link, so that what people wrote mentions nobody and
// leads nowhere else than it says.
func slackText(s string) string {
	s = strings.Join(strings.Fields(cut(s)), " ")
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "@", "@"+unseen, "](", "]"+unseen+"(", "][", "]"+unseen+"[", "]:", "]"+unseen+":").Replace(s)
}

// unseen is a space of no width.
const unseen = "\u200b"

func slackLink(href, label string) string {
	if !outside(href) {
		return slackText(label)
	}
	return "<" + strings.NewReplacer("&", "&amp;", "<", "%3C", ">", "%3E", "|", "%7C").Replace(href) + "|" + slackText(label) + ">"
}

// outside reports whether an address may be led to.
func outside(href string) bool {
	u, err := url.Parse(href)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

func cut(s string) string {
	if utf8.RuneCountInString(s) <= maxLine {
		return s
	}
	return string([]rune(s)[:maxLine-1]) + "…"
}

// short is a commit as people name it.
func short(sha string) string { return sha[:min(len(sha), 7)] }
