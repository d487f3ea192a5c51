package web

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"fmt"
	"html"
	"net/url"
	"regexp"
	"strings"
)

// plantUMLAlphabet is that of [PlantUML's base64].
//
// [PlantUML's base64]: https://plantuml.com/text-encoding
const plantUMLAlphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_"

// maxPlantUML is how long the encoded source may be: servers refuse longer addresses.
const maxPlantUML = 7500

// plantUMLSource is what techdocs makes of a block in PlantUML.
var plantUMLSource = regexp.MustCompile(`<pre class="plantuml"><code>([^<]*)</code></pre>`)

// drawPlantUML puts before each source in PlantUML of a page its image, which the
// browser asks a server for; without one, the page stays as it is.
func (s *Site) drawPlantUML(page string) string {
	if s.PlantUML == "" {
		return page
	}
	return plantUMLSource.ReplaceAllStringFunc(page, func(source string) string {
		encoded := encodePlantUML(html.UnescapeString(plantUMLSource.FindStringSubmatch(source)[1]))
		if len(encoded) > maxPlantUML {
			return source
		}
		return fmt.Sprintf(`<p><img class="plantuml" alt="Diagram, whose source follows" loading="lazy" src="%s/svg/%s"></p><details><summary>Source</summary>%s</details>`,
			html.EscapeString(strings.TrimSuffix(s.PlantUML, "/")), encoded, source)
	})
}

// plantUMLOrigin is where images in PlantUML come from; "" for nowhere.
func (s *Site) plantUMLOrigin() string {
	u, err := url.Parse(s.PlantUML)
	if err != nil || u.Host == "" {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

func encodePlantUML(source string) string {
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestCompression)
	if err != nil {
		panic(err) // the level is one that there is
	}
	if _, err := w.Write([]byte(source)); err != nil {
		panic(err) // a buffer takes everything
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	b.Write(make([]byte, (3-b.Len()%3)%3)) // it is in groups of four characters, without a sign for less
	return base64.NewEncoding(plantUMLAlphabet).WithPadding(base64.NoPadding).EncodeToString(b.Bytes())
}
