import pytest
def test_x(guide, page):
    page.goto(f"{guide.url}/guide/board")
    page.wait_for_function("() => window.Sortable")
    box = page.locator("#card-1").bounding_box(); print(box)
    x,y=box["x"]+box["width"]/2, box["y"]+box["height"]/2
    page.mouse.move(x,y); page.mouse.down()
    b2=page.locator("[data-column=needs] [data-card]").first.bounding_box()
    page.mouse.move(b2["x"]+100,b2["y"]+40, steps=12)
    page.wait_for_timeout(300)
    page.screenshot(path="/tmp/look/drag.png")
    print(page.evaluate("() => [document.querySelector('#card-1').className, document.querySelector('#board').className, document.querySelector('#card-1').parentElement.parentElement.dataset.column]"))
    page.mouse.up(); page.wait_for_timeout(500)
    print(page.evaluate("() => [document.querySelector('#card-1').className, document.querySelector('#board').className, document.querySelector('#card-1').parentElement.parentElement.dataset.column]"))
    print(guide.asked)
