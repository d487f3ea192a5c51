package main

import (
	"encoding/json"
	"html/template"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/callboard/callboard/internal/config"
)

const (
	demoChat    = "chat" // the name of its channel, and its path
	chatKeeps   = 100    // messages
	chatDaily   = 500    // more than the past of Acme brings, so that what comes is told one by one
	demoGrace   = config.Duration(10 * time.Second)
	maxChatBody = 1 << 20
)

// chatRoom takes what Slack's incoming webhooks take, and shows it: so that a demo, which
// sends nothing from this machine, has somebody to tell.
type chatRoom struct {
	mu  sync.Mutex
	all []chatMessage // the newest first
}

type chatMessage struct {
	At   time.Time
	Text template.HTML
}

// channel is how notices come here, at an address.
func (c *chatRoom) channel(address string) config.Channel {
	return config.Channel{Name: demoChat, Type: "slack", URL: config.Secret(address + "/" + demoChat), Daily: chatDaily}
}

// take answers a webhook as Slack does.
func (c *chatRoom) take(w http.ResponseWriter, r *http.Request) {
	var said struct {
		Text string `json:"text"`
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxChatBody))
	if err != nil || json.Unmarshal(body, &said) != nil || said.Text == "" {
		http.Error(w, "no_text", http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all = slices.Insert(c.all, 0, chatMessage{time.Now().UTC(), drawMarkup(said.Text)})
	c.all = c.all[:min(len(c.all), chatKeeps)]
	_, _ = io.WriteString(w, "ok")
}

// show is the page of the room.
func (c *chatRoom) show(w http.ResponseWriter, _ *http.Request) {
	page := template.Must(template.New("chat").Parse(chatPage))
	c.mu.Lock()
	all := slices.Clone(c.all)
	c.mu.Unlock()
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
	_ = page.Execute(w, all) // nobody reads on
}

// drawMarkup draws a message in Slack's markup: links, bold lines and what is escaped.
// https://docs.slack.dev/messaging/formatting-message-text
func drawMarkup(text string) template.HTML {
	text = template.HTMLEscapeString(strings.NewReplacer("&lt;", "\x01", "&gt;", "\x02", "&amp;", "&").Replace(text))
	text = regexp.MustCompile(`&lt;(https?://[^|\s]+?)\|(.*?)&gt;`).ReplaceAllString(text, `<a href="$1">$2</a>`)
	text = regexp.MustCompile(`(?m)^\*(.*)\*$`).ReplaceAllString(text, `<b>$1</b>`)
	return template.HTML(strings.NewReplacer("\x01", "&lt;", "\x02", "&gt;", "\n", "<br>").Replace(text)) //nolint:gosec // escaped above
}

const chatPage = `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="5"><meta name="color-scheme" content="light dark"><title>The chat of Acme</title>
<style>body{font:15px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem}li{list-style:none;padding:.75rem 0;border-top:1px solid #8884}
ul{padding:0}time{color:#777;font-size:13px}</style>
<h1>The chat of Acme</h1><p>What Callboard tells a chat: this page takes the webhooks that Slack takes. The newest is first; the page looks again by itself.</p>
<ul>{{range .}}<li><time>{{.At.Format "2 January 2006, 15:04:05"}} UTC</time><br>{{.Text}}</li>{{else}}<li>Nobody was told anything so far. Ask for an exemption to see it.</li>{{end}}</ul></html>
`
